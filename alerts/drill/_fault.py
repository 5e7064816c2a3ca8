"""A fault: what it is, which alerts it must fire, and by which line its cause is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from alerts.drill import _acts as act
from alerts.drill._acts import Act
from alerts.drill._watch import Wanted


@dataclass(frozen=True)
class Fault:
    """`alerts` are (name, labels that it must have). `cause` is a pattern of the line that shows
    what is wrong: a log line, or one of a command that the runbook names. `why_not` says why the
    fault can't be had here. `before` waits until the fault can be told from what was before."""

    name: str
    alerts: tuple[Wanted, ...]
    cause: str
    inject: Act
    remove: Act
    why_not: Callable[[], str | None] = lambda: None
    before: Act = lambda world: None


def of(service: str, **labels: str) -> dict[str, str]:
    return {"service_name": service, **labels}


def burns(service: str, *names: str) -> tuple[Wanted, ...]:
    return tuple((f"SloBurn{name}", of(service)) for name in names)


def switched(name: str, alerts: Sequence[Wanted], service: str, fault: str, level: float) -> Fault:
    """A fault of a service's own. Its cause is the line that it was switched on."""
    return Fault(
        name,
        tuple(alerts),
        rf"fault {fault} is switched to [0-9.]*[1-9]",
        act.switch(service, fault, level),
        act.switch(service, fault, 0),
    )
