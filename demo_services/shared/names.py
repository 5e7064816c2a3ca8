"""The shop's own metrics, events and attributes; what has a convention is named by it elsewhere.

In Prometheus dots become underscores, and counters end in `_total`.
"""

from __future__ import annotations

# Calls to others. Attribute: DOWNSTREAM.
RETRIES = "shop.retries"  # counter, {retry}
BREAKER_STATE = "shop.breaker.state"  # gauge: 0 closed, 1 half-open, 2 open
BREAKER_TRANSITIONS = "shop.breaker.transitions"  # counter, {transition}; BREAKER_FROM, BREAKER_TO
BREAKER_REJECTIONS = "shop.breaker.rejections"  # counter, {call}: not tried, as the breaker is open
DEGRADED = "shop.degraded"  # counter, {answer}: given without what DOWNSTREAM would have added

# The edge
RATE_LIMITED = "shop.rate_limited"  # counter, {request}: answered with 429

# Orders
ORDERS = "shop.orders"  # counter, {order}; OUTCOME: confirmed, cancelled
COMPENSATIONS = "shop.saga.compensations"  # counter, {step}; STEP
UNFINISHED = "shop.saga.unfinished"  # gauge, {order}: neither confirmed nor cancelled yet
OUTBOX = "shop.outbox.waiting"  # gauge, {message}: events that the broker has not taken yet

# Messages. Attributes: QUEUE and OUTCOME: handled, duplicate, retried, parked.
MESSAGES = "shop.messages"  # counter, {message}
# Of a queue, as its consumer sees it. Attribute: QUEUE.
QUEUE_DEPTH = "shop.queue.depth"  # gauge, {message}: waiting
QUEUE_AGE = "shop.queue.age"  # gauge, s: how long the message that was taken last had waited
# The header that tells when a message was sent, seconds since the epoch.
SENT_AT = "shop-sent-at"

# What somebody switched on, on purpose. Attribute: FAULT.
FAULT_LEVEL = "shop.fault.level"  # gauge: 0 is off

DOWNSTREAM = "shop.downstream"
BREAKER_FROM = "shop.breaker.from"
BREAKER_TO = "shop.breaker.to"
OUTCOME = "shop.outcome"
STEP = "shop.step"
QUEUE = "shop.queue"
FAULT = "shop.fault"
REASON = "shop.reason"
ATTEMPT = "shop.attempt"
ORDER = "shop.order"

# Span events
EVENT_RETRY = "retry"
EVENT_BREAKER = "breaker changed"
EVENT_REJECTED = "breaker rejected"
EVENT_DEGRADED = "degraded"
EVENT_LIMITED = "rate limited"
EVENT_COMPENSATED = "compensated"
EVENT_PARKED = "parked"
