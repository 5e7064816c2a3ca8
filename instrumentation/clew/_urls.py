"""URLs as attributes tell them: without secrets, and with the port that their scheme implies."""

from __future__ import annotations

import functools
import re
from urllib.parse import parse_qsl, urlencode, urlsplit

# Query parameters that the convention tells to redact: they sign requests.
_SECRET_PARAMETERS = frozenset(
    ("AWSAccessKeyId", "Signature", "sig", "X-Goog-Signature", "X-Amz-Signature",
     "X-Amz-Credential", "X-Amz-Security-Token")
)  # fmt: skip
_mentions_one = re.compile("|".join(sorted(_SECRET_PARAMETERS))).search


def redacted_query(query: str) -> str:
    """`query` with the values of signing parameters replaced.

    Source: the attribute `url.query` of the semantic conventions.
    """
    if not _mentions_one(query):
        return query
    pairs = parse_qsl(query, keep_blank_values=True)
    return urlencode([(k, "REDACTED" if k in _SECRET_PARAMETERS else v) for k, v in pairs])


def clean_url(url: str) -> str:
    """`url` without user name and password, and with signing parameters redacted.

    Source: the attribute `url.full` of the semantic conventions.
    """
    base, question, query = url.partition("?")
    if "@" in base:
        # By hand: what is no URL at all must not be an error here, but the library's.
        scheme, colon, rest = base.partition("://")
        host, slash, path = rest.partition("/")
        base = scheme + colon + host.rpartition("@")[2] + slash + path
    return base + question + redacted_query(query) if question else base


@functools.lru_cache(1_000)
def host_and_port(host: str, scheme: str) -> tuple[str, int | None]:
    """Address and port of a Host header; the scheme's own port where it names none."""
    try:
        parts = urlsplit("//" + host)
        port = parts.port
        address = parts.hostname or ""
    except ValueError:  # a caller's nonsense
        return "", None
    return address, port or {"http": 80, "https": 443, "ws": 80, "wss": 443}.get(scheme)
