"""The endpoint: is it there, does it speak what is sent, and what time does it have?"""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from importlib.util import find_spec

from clew._config import SIGNALS, Endpoint
from clew.cli._doctor._result import Result, good, problem, skipped
from clew.cli._doctor._surroundings import Surroundings
from clew.cli._doctor._wire import CLOSED, HTTP1, HTTP2, Place, speaks
from clew.export._answer import Answer
from clew.export._transport import open_transport
from clew.readers._http import open_url

ENDPOINT, PROTOCOL, CLOCK = "endpoint", "protocol", "clock"

_GRPC_PORT, _HTTP_PORT = 4317, 4318
_TIMEOUT_S = 5.0
_SKEW_S = 2.0
"""More than the resolution of the Date header, a second, and the way there can explain."""


def endpoints(around: Surroundings) -> dict[str, Endpoint]:
    """Signal → endpoint, of those that are exported."""
    found = ((signal, around.settings.endpoint(signal)) for signal in SIGNALS)
    return {signal: one for signal, one in found if one is not None}


def check(around: Surroundings) -> Iterator[Result]:
    """The checks `endpoint` and `protocol`: at most one of them has a problem."""
    wanted = endpoints(around)
    if not wanted:
        yield skipped(ENDPOINT, "no signal is exported by OTLP")
        yield skipped(PROTOCOL, "no signal is exported by OTLP")
        return
    first = next(iter(wanted.values()))
    if first.protocol == "grpc" and find_spec("grpc") is None:
        yield skipped(ENDPOINT, "the protocol is gRPC, and grpcio is not installed")
        yield problem(
            PROTOCOL,
            "OTEL_EXPORTER_OTLP_PROTOCOL is grpc, and grpcio is not installed",
            "Nothing is exported.",
            "pip install 'clew[grpc]', or set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf and "
            f"port {_HTTP_PORT}.",
        )
        return
    failed = {signal: one for signal, one in wanted.items() if one_failed(signal, one)}
    if not failed:
        yield good(ENDPOINT, f"{first.url} accepts {', '.join(wanted)}")
        yield good(PROTOCOL, f"{first.protocol} is spoken there")
        return
    yield from _explain(failed)


def one_failed(signal: str, endpoint: Endpoint) -> Answer | None:
    """What the endpoint answers to an empty request of that signal, unless it accepts it."""
    transport = open_transport(signal, endpoint)
    try:
        answer = transport.send(b"", min(_TIMEOUT_S, endpoint.timeout))
    finally:
        transport.close()
    return answer if answer.reason else None


def _explain(failed: dict[str, Endpoint]) -> Iterator[Result]:
    signal, endpoint = next(iter(failed.items()))
    grpc = endpoint.protocol == "grpc"
    secure = endpoint.url.startswith("https:")
    place = Place.of(endpoint.url, _GRPC_PORT if grpc else 443 if secure else 80)
    heard = speaks(place)
    if heard == (HTTP1 if grpc else HTTP2):
        spoken, other = ("OTLP over HTTP", _GRPC_PORT) if grpc else ("gRPC", _HTTP_PORT)
        variable, right = ("grpc", "http/protobuf") if grpc else ("http/protobuf", "grpc")
        yield skipped(ENDPOINT, f"{place.text} answers, in another protocol")
        yield problem(
            PROTOCOL,
            f"{place.text} speaks {spoken}, and {variable} is sent there",
            "Nothing arrives: every export is refused.",
            f"Set OTEL_EXPORTER_OTLP_PROTOCOL={right}, or use the port for {variable}, "
            f"usually {other} (gRPC is {_GRPC_PORT}, HTTP {_HTTP_PORT}).",
        )
        return
    yield _unusable(signal, endpoint, place, heard)
    yield skipped(PROTOCOL, "nothing to hear it from")


def _unusable(signal: str, endpoint: Endpoint, place: Place, heard: str) -> Result:
    answer = one_failed(signal, endpoint) or Answer("unreachable", "it failed only once")
    why = f"{signal.capitalize()} do not arrive; they wait in memory and in the spool."
    if heard == CLOSED:
        other = place.on(_HTTP_PORT if place.port == _GRPC_PORT else _GRPC_PORT)
        hint = f" Port {other.port} of it is open." if speaks(other) != CLOSED else ""
        return problem(
            ENDPOINT,
            f"nothing answers at {place.text} ({answer.detail}).{hint}",
            why,
            "Start the collector, or the lens (clew lens), or set OTEL_EXPORTER_OTLP_ENDPOINT to "
            "where it is.",
        )
    fix = {
        "http_401": "Set its token in OTEL_EXPORTER_OTLP_HEADERS.",
        "http_403": "Set its token in OTEL_EXPORTER_OTLP_HEADERS.",
        "http_404": "OTEL_EXPORTER_OTLP_ENDPOINT is a base: /v1/traces and so on are added to it. "
        "A variable for one signal is used as it is.",
    }.get(answer.reason, "Look at what the endpoint itself logs.")
    said = answer.detail or answer.reason
    return problem(ENDPOINT, f"{endpoint.url} refuses {signal}: {said}", why, fix)


def clock(around: Surroundings) -> Result:
    """Whether this machine's clock agrees with the one of the endpoint, or of a store."""
    urls = [one.url for one in endpoints(around).values() if one.protocol != "grpc"]
    for url in [*urls[:1], *(client.address for client in around.clients)]:
        asked_ns = around.now_ns()
        theirs = _date(url)
        if theirs is None:
            continue
        here = (asked_ns + around.now_ns()) / 2e9
        skew = here - (theirs + 0.5)  # the header leaves out fractions of a second
        if abs(skew) <= _SKEW_S:
            return good(CLOCK, f"as {url} has it, to {_SKEW_S:g} s")
        how = f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'}"
        return problem(
            CLOCK,
            f"this machine is {how} {url}",
            "Spans of other machines stand at the wrong place of a trace, and stores refuse or "
            "hide what is too old or from the future.",
            "Synchronise the clock: timedatectl set-ntp true, or chronyc makestep.",
        )
    return skipped(CLOCK, "nothing that was asked tells the time")


def _date(url: str) -> float | None:
    """The Date header of whatever the server answers, in seconds since the epoch."""
    try:
        with open_url(urllib.request.Request(url), _TIMEOUT_S) as response:
            date = response.headers["Date"]
    except urllib.error.HTTPError as error:
        date = error.headers["Date"]
        error.close()
    except (OSError, http.client.HTTPException, ValueError):
        return None
    try:
        return parsedate_to_datetime(date).timestamp() if date else None
    except ValueError:
        return None
