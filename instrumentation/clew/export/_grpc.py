"""OTLP over gRPC, with grpcio from the extra `clew[grpc]`. The bytes are those of OTLP/HTTP."""

from __future__ import annotations

from urllib.parse import urlsplit

import grpc

from clew._config import Endpoint
from clew.export._answer import Answer, rejected_items

_SERVICES = {"traces": "trace.v1.Trace", "metrics": "metrics.v1.Metrics", "logs": "logs.v1.Logs"}
# OTLP/gRPC, "Failures": these codes are worth another try. So are the last two, as 401 and 403 by
# HTTP: the token may become right.
_RETRYABLE = frozenset(
    (
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.OUT_OF_RANGE,
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DATA_LOSS,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.PERMISSION_DENIED,
    )
)
_DETAILS, _RETRY_INFO = "grpc-status-details-bin", b"google.rpc.RetryInfo"


def _same(data: bytes) -> bytes:
    return data


class GrpcTransport:
    """OTLP/gRPC on one channel."""

    not_after: int | None = None  # grpcio does not show the certificate

    def __init__(self, signal: str, endpoint: Endpoint) -> None:
        parts = urlsplit(endpoint.url)
        target = f"{parts.hostname}:{parts.port or 4317}"
        if parts.scheme == "https":
            credentials = grpc.ssl_channel_credentials(
                _read(endpoint.certificate),
                _read(endpoint.client_key),
                _read(endpoint.client_certificate),
            )
            self._channel = grpc.secure_channel(target, credentials)
        else:
            self._channel = grpc.insecure_channel(target)
        self._export = self._channel.unary_unary(
            f"/opentelemetry.proto.collector.{_SERVICES[signal]}Service/Export",
            request_serializer=_same,
            response_deserializer=_same,
        )
        self._metadata = tuple((key.lower(), value) for key, value in endpoint.headers.items())
        self._compression = (
            grpc.Compression.Gzip if endpoint.gzip else grpc.Compression.NoCompression
        )

    def send(self, body: bytes, timeout: float) -> Answer:
        try:
            answered = self._export(
                body, timeout=timeout, metadata=self._metadata, compression=self._compression
            )
        except grpc.RpcError as error:
            code = error.code()
            return Answer(
                reason=f"grpc_{code.name.lower()}",
                detail=f"{code.name}: {error.details()}",
                retry=code in _RETRYABLE or _recovers(error),
            )
        return Answer(rejected=rejected_items(answered))

    def close(self) -> None:
        self._channel.close()


def _recovers(error: grpc.RpcError) -> bool:
    """True if an exhausted endpoint says that it will recover. One that does not, for example
    because the request is larger than it ever takes, would be asked for ever."""
    if error.code() is not grpc.StatusCode.RESOURCE_EXHAUSTED:
        return False
    found = [one.value for one in error.trailing_metadata() or () if one.key == _DETAILS]
    return any(isinstance(value, bytes) and _RETRY_INFO in value for value in found)


def _read(path: str | None) -> bytes | None:
    if path is None:
        return None
    with open(path, "rb") as file:
        return file.read()
