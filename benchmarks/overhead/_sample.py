"""What one slice of one configuration gave."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.overhead._configurations import Configuration
from benchmarks.overhead._load import Load


@dataclass(frozen=True)
class Sample:
    """`cpu_us` is CPU time of the server's processes for one request of the slice; `rest_ms` what
    they use in a second in which nothing is asked of them.

    `served` and `arrived` cover the whole life of the server, warm-up included.
    """

    configuration: str
    round: int
    load: Load
    cpu_us: float
    resident_bytes: int
    served: int
    arrived: dict[str, int] = field(default_factory=dict)
    slice: int = 0
    rest_ms: float = 0.0

    def missing(self, configuration: Configuration) -> dict[str, int]:
        """{kind of evidence: served less arrived}, for what is not as many as it should be.

        Negative where more arrived than was served.
        """
        short = {kind: self.served - self.arrived[kind] for kind in configuration.expects}
        return {kind: number for kind, number in short.items() if number}

    def void(self, configuration: Configuration) -> str:
        """Why this server's slices count for nothing; "" if they count."""
        if self.load.errors:
            return f"{self.load.errors} requests failed"
        if not self.served:
            return "no request was served"
        missing = self.missing(configuration)
        if configuration.strict and missing:
            return f"of {self.served} requests not arrived: " + ", ".join(
                f"{number} {kind}" for kind, number in missing.items()
            )
        return ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)
