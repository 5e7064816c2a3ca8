// Everything about one request: why it failed, its timeline, and how its routes did then.

import { ask, Failed } from "../api.js";
import { timeChart } from "../chart.js";
import { logDrawer, spanDetails } from "../details.js";
import { h, show } from "../dom.js";
import { clock, count, duration, moment, rate } from "../format.js";
import { button, empty, service } from "../parts.js";
import { link, place, refine } from "../state.js";
import { waterfall } from "../waterfall.js";

const KINDS = { correlation_id: "correlation id", trace_id: "trace", span_id: "span", attribute: "attribute" };

export async function follow({ rest, params, signal }) {
  const id = rest || params.id || "";
  if (!id) return { element: h("div", { class: "panel" }, empty("Which request?", "Type a correlation id, a trace id, or key=value for any attribute into the field above.")) };
  const element = h("div");
  let shown = false;
  // An id is often pasted before its telemetry has arrived: ask again until it is there.
  const refresh = async () => {
    if (shown) return;
    try {
      show(element, draw(await ask("/follow", { id }, signal), params));
      shown = true;
    } catch (error) {
      if (!(error instanceof Failed && error.status === 404)) throw error;
      if (!element.firstChild) show(element, missing(id));
    }
  };
  await refresh();
  return { element, refresh };
}

function missing(id) {
  return h("div", { class: "panel" }, empty("Nothing is stored under this id", "If it is still to arrive, it shows here by itself. It may also be older than what is kept, or not have been sampled.", id));
}

function draw(found, params) {
  const element = h("div", { class: "stack" }, heading(found), why(found));
  const jump = (span) => element.querySelector(`[data-span="${CSS.escape(span)}"]`);
  element.addEventListener("jump", (event) => { const row = jump(event.detail); row?.scrollIntoView({ block: "center" }); row?.click(); });
  if (found.traces.length) element.append(controls(params));
  const spans = new Set(found.traces.map((trace) => trace.trace_id));
  for (const trace of found.traces) element.append(timeline(trace, found, params));
  const loose = found.logs.filter((log) => !spans.has(log.trace_id));
  if (loose.length) element.append(looseLines(loose));
  if (found.routes.length) element.append(routes(found.routes));
  return element;
}

function heading(found) {
  const first = found.traces[0];
  const spans = found.traces.reduce((sum, trace) => sum + trace.spans.length, 0);
  const services = new Set(found.traces.flatMap((trace) => trace.services));
  const copy = (event) => navigator.clipboard?.writeText(found.id).then(() => { event.target.textContent = "Copied"; });
  return h("div", { class: "title" }, h("span", { class: "dim" }, KINDS[found.kind]), h("h1", { class: "mono" }, found.id), button("Copy", copy, { class: "button plain" }),
    h("span", { class: "dim push" }, first
      ? `${moment(first.time_us)} · ${found.traces.length > 1 ? `${found.traces.length} traces · ` : `${duration(first.duration_ms)} · `}${count(spans)} spans · ${count(found.logs.length)} log lines · ${services.size} services`
      : `${count(found.logs.length)} log lines`));
}

function why({ cause, traces }) {
  if (!cause) return traces.length ? h("div", { class: "panel fine" }, h("span", { class: "dot ok" }), "Nothing in it failed.") : null;
  const jump = (event) => event.target.dispatchEvent(new CustomEvent("jump", { bubbles: true, detail: cause.span_id }));
  return h("section", { class: "panel cause", "aria-label": "Why it failed" },
    h("div", { class: "row" }, h("strong", { class: "bad" }, "It failed here"), service(cause.service), cause.span && h("span", { class: "mono" }, cause.span),
      cause.span_id && traces.length > 0 && button("Show the span", jump, { class: "button plain push" })),
    h("p", { class: "what" }, cause.message || "no message was sent"),
    cause.log && cause.log !== cause.message && h("p", { class: "mono dim" }, cause.log),
    cause.stacktrace && stack(cause.stacktrace));
}

function stack(text) {
  const pre = h("pre", { class: "trace", tabindex: 0, "aria-label": "Stack trace" }, text.trimEnd());
  // What was raised stands at the end of a Python stack trace.
  requestAnimationFrame(() => { pre.scrollTop = pre.scrollHeight; });
  return pre;
}

function controls(params) {
  const flip = (name) => () => refine({ [name]: place().params[name] ? "" : "1" });
  return h("div", { class: "row" },
    button("By time", flip("flat"), { "aria-pressed": String(Boolean(params.flat)) }),
    button("Without log lines", flip("nologs"), { "aria-pressed": String(Boolean(params.nologs)) }),
    h("span", { class: "push faint" }, h("span", { class: "swatch" }), "critical path: what the end was waiting for"));
}

function timeline(trace, found, params) {
  const logs = found.logs.filter((log) => log.trace_id === trace.trace_id);
  const options = { flat: Boolean(params.flat), withLogs: !params.nologs, onSpan: (span) => spanDetails(span, logs), onLog: logDrawer };
  const other = place().params.with;
  const compare = other && other !== trace.trace_id ? link("/compare", { a: other, b: trace.trace_id }) : link("/compare", { a: trace.trace_id });
  return h("section", { class: "panel" },
    h("header", {}, h("h2", {}, `${duration(trace.duration_ms)}, ${trace.spans.length} spans`), trace.errors > 0 && h("span", { class: "tag bad" }, `${trace.errors} failed`),
      h("span", { class: "mono faint" }, trace.trace_id), h("a", { class: "push", href: compare }, "compare")),
    waterfall(trace, logs, options),
    (trace.truncated || found.logs_truncated) && h("p", { class: "note" }, "There is more than is shown: the first 5\u2009000 spans and 2\u2009000 log lines."));
}

function looseLines(logs) {
  return h("section", { class: "panel" }, h("header", {}, h("h2", {}, "Log lines outside of these traces")), h("div", { class: "lines" }, logs.map((log) =>
    h("div", { class: `line ${log.level}`, tabindex: 0, "data-row": log.seq, on: { click: () => logDrawer(log) } },
      h("time", { class: "faint" }, clock(log.time_us)), h("span", { class: `level ${log.level}` }, log.level), service(log.service), h("span", { class: "text" }, log.message)))));
}

function routes(list) {
  return h("section", {}, h("h2", {}, "Its routes, a quarter of an hour each way; the mark is this request"), h("p", {}, " "), h("div", { class: "cards" }, list.map(card)));
}

function card(route) {
  const box = h("div");
  const total = (values) => values.reduce((sum, value) => sum + value, 0);
  const errors = total(route.errors) / (total(route.rate) || 1);
  show(box, timeChart({
    title: `95th percentile of ${route.name}`, start_us: route.start_us, step_ms: route.step_ms, marker: { time_us: route.at_us, value: route.duration_ms },
    lines: [{ label: "p95", values: route.p95_ms, hue: "h0" }],
  }, { height: 110, format: duration }));
  return h("div", { class: "panel card" }, h("h3", {}, service(route.service), h("span", { class: "mono" }, route.name)), box,
    h("p", { class: "dim" }, `p95 over time · ${rate(Math.max(...route.rate))}/s at most · `, h("span", { class: errors ? "bad" : "" }, `${(errors * 100).toFixed(1)} % failed`)));
}
