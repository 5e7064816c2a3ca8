// A span or a log line with all that was sent of it, at the side.

import { h } from "./dom.js";
import { clock, duration, moment } from "./format.js";
import { openDrawer, pairs, service } from "./parts.js";
import { followLink, link } from "./state.js";

export function spanDetails(span, logs = []) {
  const mine = logs.filter((log) => log.span_id === span.span_id);
  openDrawer(span.name,
    h("p", {}, service(span.service), " ", span.version && h("span", { class: "faint" }, span.version)),
    h("p", {}, h("span", { class: span.status === "error" ? "bad" : "" }, span.status), ` · ${span.kind} · ${duration(span.duration_ms)} from ${clock(span.time_us)}`),
    span.status_message && h("p", { class: "bad" }, span.status_message),
    span.events.length > 0 && [h("h2", {}, "Events"), span.events.map(eventDetails)],
    h("h2", {}, "Attributes"), pairs(span.attributes),
    span.dropped_attributes > 0 && h("p", { class: "note" }, `${span.dropped_attributes} more attributes were over the limit and not kept.`),
    mine.length > 0 && [h("h2", {}, "Log lines"), mine.map((log) => h("p", { class: "mono" }, h("span", { class: `level ${log.level}` }, log.level), " ", log.message))],
    span.links.length > 0 && [h("h2", {}, "Links"), span.links.map((one) => h("p", {}, h("a", { class: "mono", href: followLink(one.trace_id) }, one.trace_id)))],
    h("h2", {}, "Identity"),
    pairs({ trace_id: span.trace_id, span_id: span.span_id, parent_id: span.parent_id, scope: span.scope, ...(span.correlation_id && { correlation_id: span.correlation_id }) }),
    h("p", { class: "row" }, h("a", { href: link("/traces", { service: span.service, name: span.name }) }, "requests like this"), h("a", { href: link("/logs", { trace_id: span.trace_id }) }, "log lines of the trace")));
}

function eventDetails(event) {
  const { "exception.stacktrace": stack, ...rest } = event.attributes;
  return h("div", {}, h("p", {}, h("b", {}, event.name), h("span", { class: "faint" }, ` ${clock(event.time_us)}`)), pairs(rest), stack && h("pre", { class: "trace" }, stack));
}

/** The body of a log line's details. */
export function logDetails(log) {
  const id = log.correlation_id || log.trace_id;
  return [
    h("p", { class: "row" }, service(log.service), h("span", { class: `level ${log.level}` }, log.level), h("span", { class: "faint" }, moment(log.time_us)), h("span", { class: "faint" }, log.logger)),
    log.exception && h("p", { class: "bad mono" }, log.exception),
    log.stacktrace && h("pre", { class: "trace" }, log.stacktrace),
    id && h("p", { class: "row" }, h("a", { class: "button", href: followLink(id) }, "Follow this request"), log.trace_id && h("a", { href: followLink(log.trace_id), class: "mono" }, log.trace_id)),
    pairs(log.attributes),
  ];
}

export function logDrawer(log) {
  openDrawer(log.message, logDetails(log));
}
