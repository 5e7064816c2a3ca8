"""`import clew.auto`: telemetry for this process, by this one line.

Import it first, before the application is made. Settings come from the environment.
"""

from clew import _start

_start.start()
