"""What is installed of OpenTelemetry, and whether it fits together."""

from __future__ import annotations

import re

from clew.cli._doctor._result import Result, good, problem
from clew.cli._doctor._surroundings import Surroundings

VERSIONS = "versions"

# `name == version` of a requirement, without an extra's marker.
_PINNED = re.compile(r"^\s*(opentelemetry-[a-z0-9-]+)\s*\(?\s*==\s*([^\s;,)]+)\)?\s*(;.*)?$", re.I)


def versions(around: Surroundings) -> Result:
    """Whether every distribution has the ones that it is made for.

    The SDK names the version of the API that it needs, instrumentations that of their base.
    """
    packages = around.packages
    wrong = []
    for name, (version, requires) in sorted(packages.items()):
        for requirement in requires:
            pinned = _PINNED.match(requirement)
            if not pinned or "extra" in (pinned[3] or ""):
                continue
            other, wanted = pinned[1].lower(), pinned[2]
            have = packages.get(other, ("not installed", ()))[0]
            if have != wanted:
                wrong.append(f"{name} {version} needs {other} {wanted}, which is {have}")
    if not wrong:
        api = packages.get("opentelemetry-api", ("?", ()))[0]
        sdk = packages.get("opentelemetry-sdk", ("?", ()))[0]
        return good(VERSIONS, f"API {api}, SDK {sdk}, {len(packages)} packages that fit together")
    return problem(
        VERSIONS,
        "; ".join(wrong[:3]) + (f"; and {len(wrong) - 3} more" if len(wrong) > 3 else ""),
        "Instrumentations fail when they are loaded, or spans lose what the other version names "
        "otherwise.",
        "pip install --upgrade opentelemetry-api opentelemetry-sdk and the instrumentations in "
        "one command, so that pip chooses versions that fit.",
    )
