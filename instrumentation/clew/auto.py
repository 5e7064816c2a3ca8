"""`import clew.auto`: telemetry for this process, by this one line.

Import it first, before the application is made. Settings come from the environment.
"""

from clew import _hooks, _runtime

_started = _runtime.start()
if _started is not None:
    _hooks.install(_started)
