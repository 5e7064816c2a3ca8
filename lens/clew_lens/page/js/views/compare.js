// Two traces, or one route in two versions, side by side.

import { ask } from "../api.js";
import { h } from "../dom.js";
import { count, duration, moment, share } from "../format.js";
import { choice, empty, field, service } from "../parts.js";
import { followLink, link, span } from "../state.js";
import { waterfall } from "../waterfall.js";

export async function compare({ params, signal }) {
  if (params.service && params.name) return versions(params, signal);
  if (params.a && params.b) return traces(params, signal);
  const others = params.a ? (await ask("/traces", { ...span(), limit: 30 }, signal)).traces : [];
  return { element: h("div", { class: "stack" }, h("h1", {}, "Compare two traces"), h("div", { class: "filters" }, field("a", "One trace id", { class: "wide" }), field("b", "Other trace id", { class: "wide" })),
    others.length ? candidates(params.a, others) : h("div", { class: "panel" }, empty("Which two?", "Tick two in the list of traces, or give their ids here."))) };
}

function candidates(first, list) {
  return h("section", { class: "panel scroll" }, h("header", {}, h("h2", {}, "Compare it with")), h("table", {}, h("tbody", {}, list.filter((trace) => trace.trace_id !== first).map((trace) => h("tr", {},
    h("td", {}, h("a", { class: "mono", href: link("/compare", { a: first, b: trace.trace_id }) }, trace.root_name)), h("td", {}, service(trace.root_service)),
    h("td", {}, trace.errors > 0 && h("span", { class: "tag bad" }, "failed")), h("td", { class: "num" }, duration(trace.duration_ms)), h("td", { class: "num dim" }, moment(trace.time_us)))))));
}

async function traces({ a, b }, signal) {
  const found = await ask("/compare", { a, b }, signal);
  const most = Math.max(1e-9, ...found.rows.map((row) => Math.abs(row.difference_ms)));
  return { element: h("div", { class: "stack" }, h("h1", {}, "Two traces"),
    h("div", { class: "two" }, side("A", found.a), side("B", found.b)),
    h("section", { class: "panel scroll compare" }, h("header", {}, h("h2", {}, "Where the time went: own time of each span, biggest difference first")), h("table", {},
      h("thead", {}, h("tr", {}, h("th", {}, "Span"), h("th", {}, "Service"), h("th", { class: "num" }, "in A"), h("th", { class: "num" }, "in B"), h("th", { class: "num" }, "B − A"), h("th", {}))),
      h("tbody", {}, found.rows.map((row) => difference(row, most)))))) };
}

function side(label, trace) {
  return h("section", { class: "panel" }, h("header", {}, h("h2", {}, `${label}: ${duration(trace.duration_ms)}, ${trace.spans.length} spans`), trace.errors > 0 && h("span", { class: "tag bad" }, `${trace.errors} failed`),
    h("a", { class: "mono push", href: followLink(trace.trace_id) }, trace.trace_id.slice(0, 16))), waterfall(trace, [], { withLogs: false }));
}

function difference(row, most) {
  const cell = (part) => h("td", { class: `num ${part.errors ? "bad" : ""}` }, part.count ? `${duration(part.self_ms)}${part.count > 1 ? ` ×${part.count}` : ""}` : "absent");
  const slower = row.difference_ms > 0;
  return h("tr", {}, h("td", { class: "mono" }, row.name), h("td", {}, service(row.service)), cell(row.a), cell(row.b),
    h("td", { class: "num" }, `${slower ? "+" : row.difference_ms < 0 ? "−" : ""}${duration(Math.abs(row.difference_ms))}`),
    h("td", {}, h("span", { class: `meter ${slower ? "more" : ""}`, style: { width: `${(Math.abs(row.difference_ms) / most) * 160}px` } })));
}

async function versions(params, signal) {
  const found = await ask("/compare/versions", { service: params.service, name: params.name, a: params.va, b: params.vb, ...span() }, signal);
  const pick = h("div", { class: "filters" }, choice("va", "One version", found.versions, found.a?.version), choice("vb", "Other version", found.versions, found.b?.version));
  const element = h("div", { class: "stack" }, h("div", { class: "title" }, h("h1", { class: "mono" }, params.name), service(params.service)));
  if (!found.b) element.append(h("div", { class: "panel" }, empty("No requests in this time", "Widen the time.")));
  else if (!found.a || found.versions.length < 2) element.append(h("div", { class: "panel" }, empty("Only one version was seen in this time", "Set service.version (OTEL_RESOURCE_ATTRIBUTES) and deploy another, or widen the time.")), facts("B", found.b));
  else element.append(pick, h("div", { class: "two" }, facts("A", found.a), facts("B", found.b)), shape(found));
  return { element };
}

function facts(label, one) {
  return h("section", { class: "panel" }, h("header", {}, h("h2", {}, `${label}: version ${one.version || "not given"}`), h("span", { class: "push faint" }, `${count(one.requests)} requests`)),
    h("table", {}, h("tbody", {}, [["failed", share(one.error_share)], ["p50", duration(one.p50_ms)], ["p95", duration(one.p95_ms)], ["p99", duration(one.p99_ms)], ["first seen", moment(one.first_us)]].map(([name, value]) =>
      h("tr", {}, h("td", { class: "dim" }, name), h("td", { class: `num ${name === "failed" && one.errors ? "bad" : ""}` }, value))))));
}

/** How the durations are spread in each, as shares: a shift to the right is slower. */
function shape({ a, b }) {
  const uppers = [...new Set([...a.shape, ...b.shape].map((bucket) => bucket.upper_ms))].sort((x, y) => x - y);
  const spread = (one) => uppers.map((upper) => (one.shape.find((bucket) => bucket.upper_ms === upper)?.count ?? 0) / one.requests);
  const [left, right] = [spread(a), spread(b)];
  const most = Math.max(...left, ...right);
  return h("section", { class: "panel scroll" }, h("header", {}, h("h2", {}, "How durations are spread")), h("table", {}, h("thead", {}, h("tr", {}, h("th"), h("th", {}, a.version), h("th", {}, b.version))), h("tbody", {}, uppers.map((upper, index) => h("tr", {},
    h("td", { class: "num dim" }, `≤ ${duration(upper)}`), [[left, "h0"], [right, "h3"]].map(([values, colour]) => h("td", { class: `wide ${colour}` },
      h("div", { class: "row" }, h("span", { class: "chip", style: { width: `${Math.max(1, (values[index] / most) * 220)}px` } }), h("span", { class: "faint" }, values[index] ? share(values[index]) : "")))))))));
}

