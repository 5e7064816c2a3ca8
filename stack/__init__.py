"""Start and stop the whole of clew on one machine, without containers.

``python -m stack up`` obtains the pinned programs, starts them on the loopback interface, waits
until each is ready and leaves them running; ``status`` tells how they are and ``down`` stops them.
Only the standard library is used, so that it runs from a fresh clone with any Python from 3.10 on.
"""
