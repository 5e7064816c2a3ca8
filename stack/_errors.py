"""The errors that a person sees.

StackError
├── SettingError       a setting has a value that can't be used
├── PortTaken          a port that is needed is in use
├── ComponentFailed    a program ended, or was not ready in time
├── ObtainFailed       no way led to a binary
└── NotUp              what was asked for needs something that is not there

Each message says what was wrong and what to do.
"""


class StackError(Exception):
    """Anything that ends a command with a message instead of a traceback."""


class SettingError(StackError):
    """A setting has a value that can't be used."""


class PortTaken(StackError):
    """A port that a component needs is in use."""


class ComponentFailed(StackError):
    """A component ended while it started, or was not ready in time."""


class ObtainFailed(StackError):
    """None of the ways led to a binary."""


class NotUp(StackError):
    """What was asked for needs a component or a binary that is not there."""


class WayClosed(Exception):
    """One way to a binary is closed: why, and what would open it. `_obtain` tells them together."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy
