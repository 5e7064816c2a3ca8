"""`python -m clew_lens`: run a lens until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Sequence

from ._errors import LensError
from ._settings import Settings, parse
from .lens import Lens


def main(argv: Sequence[str] | None = None) -> int:
    """Run; returns the exit status."""
    settings = parse(argv)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    # At the default of 5 ms a query waits long for its turn while requests are being decoded.
    sys.setswitchinterval(0.001)
    try:
        return asyncio.run(_run(settings))
    except LensError as error:
        print(f"clew lens: {error}", file=sys.stderr)
        return 1


async def _run(settings: Settings) -> int:
    lens = Lens(settings)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows
            loop.add_signal_handler(number, stopping.set)
    try:
        await lens.start()
        print(_banner(lens), flush=True)
        await stopping.wait()
    finally:
        await lens.stop()
    return 0


def _banner(lens: Lens) -> str:
    settings = lens.settings
    address = f"http://{settings.shown_host}:{lens.port}/"
    if settings.token:
        address += f"?token={settings.token}"
    lines = [f"clew lens   {address}"]
    if lens.otlp_http_port:
        lines.append(f"OTLP/HTTP   http://{settings.shown_host}:{lens.otlp_http_port}")
    if lens.otlp_grpc_port:
        lines.append(f"OTLP/gRPC   http://{settings.shown_host}:{lens.otlp_grpc_port}")
    lines.append(f"store       {settings.store}, the last {settings.keep_age / 3600:g} h, "
                 f"at most {settings.keep_size >> 20} MiB")  # fmt: skip
    if settings.token:
        lines.append(f'senders     OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20'
                     f'{settings.token}"')  # fmt: skip
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
