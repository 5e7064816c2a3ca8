"""Follow an id: everything of one correlation id."""

from dashboards import queries as q
from dashboards._board import Board
from dashboards._panel import Panel

_TRACE = (
    "/explore?schemaVersion=1&panes=%7B%22clew%22:%7B%22datasource%22:%22jaeger%22,%22queries%22:"
    "%5B%7B%22refId%22:%22A%22,%22query%22:%22${__data.fields.trace_id}%22%7D%5D,%22range%22:"
    "%7B%22from%22:%22now-24h%22,%22to%22:%22now%22%7D%7D%7D"
)

FOLLOW = Board(
    "Follow an id",
    (
        Panel("Traces of the id", "As Jaeger finds them, at the service where the request came in "
              "(`entry`).", "short", "clew-service", (("", "$entry"),), "table", 12, 7,
              source="jaeger"),
        Panel("Spans of the id", "Spans that wrote log lines, by trace and service, and how many "
              "lines; a row opens its trace.", "short", "clew-service", (("", q.spans_of_id()),),
              "table", 12, 7, source="loki", row_url=_TRACE),
        Panel("Log lines of the id", "Every service's lines, with links to the traces.", "short",
              "clew-service", (("", q.followed()),), "logs", 24, 16, source="loki"),
    ),
    ("correlation_id", "entry"),
)  # fmt: skip
