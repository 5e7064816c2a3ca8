"""A request's body: read within limits, decompressed within limits."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator

from .._errors import BadRequest, TooLarge, Unsupported


async def read(chunks: AsyncIterator[bytes], limit: int) -> bytes:
    """All chunks of a body. Raises TooLarge as soon as they exceed `limit` bytes."""
    parts: list[bytes] = []
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise TooLarge(f"the body is over {limit} bytes: send smaller batches")
        parts.append(chunk)
    return b"".join(parts)


def decompress(body: bytes, encoding: str, limit: int) -> bytes:
    """The body without its content encoding, at most `limit` bytes of it.

    Stops at the limit, so that a small body that unpacks to gigabytes costs `limit` and no more.
    """
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return body
    if name not in ("gzip", "deflate"):
        raise Unsupported(f"content-encoding {encoding[:40]!r} isn't known: use gzip or none")
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        plain = unpacker.decompress(body, limit + 1)
    except zlib.error as error:
        raise BadRequest(f"the body isn't valid {name}: {error}") from error
    if len(plain) > limit:
        raise TooLarge(f"the body unpacks to over {limit} bytes: send smaller batches")
    if not unpacker.eof:
        raise BadRequest(f"the {name} body ends too early")
    return plain
