"""Go's names of this machine's platform, which release archives carry."""

import platform

_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def go_platform(system: str = "", machine: str = "") -> tuple[str, str]:
    """Return (os, arch), as in ("linux", "amd64"); an unknown machine keeps its own name."""
    system = (system or platform.system()).lower()
    machine = (machine or platform.machine()).lower()
    return system, _ARCHITECTURES.get(machine, machine)
