"""Attribute names that the lens looks for, newest convention first.

Source: OpenTelemetry semantic conventions 1.3x (stable HTTP and database names), and the names
that came before them, which older instrumentations still send.
"""

SERVICE_NAME = "service.name"
SERVICE_VERSION = "service.version"
SERVICE_INSTANCE = "service.instance.id"
UNKNOWN_SERVICE = "unknown_service"

CORRELATION_ID = ("correlation_id", "correlation.id")
ROUTE = ("http.route", "url.template")
METHOD = ("http.request.method", "http.method")
STATUS_CODE = ("http.response.status_code", "http.status_code")

EXCEPTION_TYPE = "exception.type"
EXCEPTION_MESSAGE = "exception.message"
EXCEPTION_STACKTRACE = "exception.stacktrace"

MESSAGING_SYSTEM = ("messaging.system",)
MESSAGING_DESTINATION = ("messaging.destination.name", "messaging.destination")
DB_SYSTEM = ("db.system.name", "db.system")
DB_NAMESPACE = ("db.namespace", "db.name")
PEER = ("peer.service", "server.address", "net.peer.name", "http.host")
PEER_PORT = ("server.port", "net.peer.port")

REQUEST_DURATION = "http.server.request.duration"

SPAN_KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")
SPAN_STATUSES = ("unset", "ok", "error")
LEVELS = ("trace", "debug", "info", "warn", "error", "fatal")


def level(severity: int) -> str:
    """The name of an OTLP severity number (1 to 24; 0 means not given, shown as info)."""
    return LEVELS[min((severity - 1) // 4, 5)] if severity > 0 else "info"
