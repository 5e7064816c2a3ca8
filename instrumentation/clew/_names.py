"""Every name that leaves the process: metrics, attributes, log fields, baggage, headers.

Dashboards, alerts and tests are checked against this module. Names without a comment are
OpenTelemetry's semantic conventions (https://opentelemetry.io/docs/specs/semconv/), version 1.44.
"""

from __future__ import annotations

# The thread. Spelled alike as span attribute, log attribute, JSON field and baggage key, so that
# one search term serves every store.
CORRELATION_ID = "correlation_id"

# The correlation id that a caller sent who is not trusted with it, as span attribute.
CORRELATION_ID_CLAIMED = "clew.correlation_id.claimed"

# Resource
SERVICE_NAME = "service.name"
SERVICE_INSTANCE_ID = "service.instance.id"
DISTRO_NAME = "telemetry.distro.name"
DISTRO_VERSION = "telemetry.distro.version"

# HTTP spans
HTTP_REQUEST_METHOD = "http.request.method"
HTTP_REQUEST_METHOD_ORIGINAL = "http.request.method_original"
HTTP_RESPONSE_STATUS_CODE = "http.response.status_code"
HTTP_ROUTE = "http.route"
URL_SCHEME = "url.scheme"
URL_PATH = "url.path"
URL_QUERY = "url.query"
URL_FULL = "url.full"
SERVER_ADDRESS = "server.address"
SERVER_PORT = "server.port"
CLIENT_ADDRESS = "client.address"
NETWORK_PEER_PORT = "network.peer.port"
NETWORK_PEER_ADDRESS = "network.peer.address"
NETWORK_PROTOCOL_NAME = "network.protocol.name"
NETWORK_PROTOCOL_VERSION = "network.protocol.version"
USER_AGENT_ORIGINAL = "user_agent.original"
ERROR_TYPE = "error.type"

# Exceptions, on span events and log records
EXCEPTION_EVENT = "exception"
EXCEPTION_TYPE = "exception.type"
EXCEPTION_MESSAGE = "exception.message"
EXCEPTION_STACKTRACE = "exception.stacktrace"
EXCEPTION_ESCAPED = "exception.escaped"

# Metrics
HTTP_SERVER_REQUEST_DURATION = "http.server.request.duration"  # histogram, s
HTTP_SERVER_ACTIVE_REQUESTS = "http.server.active_requests"  # up-down counter, {request}
HTTP_CLIENT_REQUEST_DURATION = "http.client.request.duration"  # histogram, s
# Bucket bounds in seconds, prescribed by the HTTP metrics convention.
HTTP_DURATION_BOUNDS = (
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
)  # fmt: skip

# clew's own health, where no convention exists. Attributes: SIGNAL, REASON,
# and of the certificate SERVER_ADDRESS and SERVER_PORT.
EXPORT_DROPPED = "clew.export.dropped"  # counter, {item}: what was made and will not arrive
EXPORT_SENT = "clew.export.sent"  # counter, {item}: what the endpoint has accepted
EXPORT_QUEUED = "clew.export.queued"  # up-down counter, By: in memory, not yet accepted
EXPORT_SPOOLED = "clew.export.spooled"  # up-down counter, By: on disk, not yet accepted
EXPORT_CERTIFICATE_NOT_AFTER = "clew.export.certificate.not_after"  # gauge, s: since the epoch
FAULTS = "clew.faults"  # counter, {fault}: faults of clew's own that it kept from the application
CORRELATION_REPLACED = "clew.correlation.replaced"  # counter, {id}: invalid ids from callers
SIGNAL = "clew.signal"  # traces, metrics, logs
REASON = "clew.reason"

# The process, as the operating system sees it
PROCESS_CPU_TIME = "process.cpu.time"  # counter, s. Attribute: CPU_MODE
PROCESS_MEMORY_USAGE = "process.memory.usage"  # up-down counter, By: resident
PROCESS_MEMORY_VIRTUAL = "process.memory.virtual"  # up-down counter, By
PROCESS_THREAD_COUNT = "process.thread.count"  # up-down counter, {thread}
PROCESS_FILE_DESCRIPTORS = "process.unix.file_descriptor.count"  # up-down counter
PROCESS_CONTEXT_SWITCHES = "process.context_switches"  # counter, {context_switch}
PROCESS_UPTIME = "process.uptime"  # gauge, s
CPU_MODE = "cpu.mode"  # user, system
CONTEXT_SWITCH_TYPE = "process.context_switch.type"  # voluntary, involuntary
# No convention has the most that may be open.
PROCESS_FILE_DESCRIPTOR_LIMIT = "clew.process.file_descriptor.limit"  # up-down counter

# The interpreter
GC_COLLECTIONS = "cpython.gc.collections"  # counter, {collection}. Attribute: GC_GENERATION
GC_COLLECTED = "cpython.gc.collected_objects"  # counter, {object}
GC_UNCOLLECTABLE = "cpython.gc.uncollectable_objects"  # counter, {object}
GC_GENERATION = "cpython.gc.generation"  # 0, 1, 2
GC_PAUSE = "clew.gc.pause"  # histogram, s; no convention times a collection
GC_PAUSE_BOUNDS = (0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0)

# asyncio, where no convention exists
LOOP_LAG = "clew.event_loop.lag"  # histogram, s: from when something is ready until it runs
LOOP_LAG_BOUNDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
LOOP_BLOCKS = "clew.event_loop.blocks"  # counter, {block}: longer than slow_callback_duration
LOOP_BLOCKED_EVENT = "clew.event_loop.blocked"  # event of the span that was active
CODE_STACKTRACE = "code.stacktrace"
THREAD_POOL_USAGE = "clew.thread_pool.usage"  # up-down counter, {thread}: that work
THREAD_POOL_LIMIT = "clew.thread_pool.limit"  # up-down counter, {thread}: that there may be
THREAD_POOL_WAITING = "clew.thread_pool.waiting"  # up-down counter, {task}: that await a thread
THREAD_POOL_NAME = "clew.thread_pool.name"  # anyio: its default limiter; asyncio: default executor

# JSON log line
LOG_TIMESTAMP = "timestamp"
LOG_LEVEL = "level"
LOG_LOGGER = "logger"
LOG_MESSAGE = "message"
LOG_TRACE_ID = "trace_id"
LOG_SPAN_ID = "span_id"
LOG_DURATION = "duration"  # s, on access lines

ACCESS_LOGGER = "clew.access"

# What `clew doctor` sends through and reads back; its value is the id of one probe.
DOCTOR_PROBE = "clew.doctor.probe"  # up-down counter
