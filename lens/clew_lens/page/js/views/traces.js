// Traces: search, what fails and what is slow, and two of them to compare.

import { ask } from "../api.js";
import { h, s, show } from "../dom.js";
import { ago, clock, count, duration } from "../format.js";
import { acting, button, choice, empty, field, go, hue, service } from "../parts.js";
import { followLink, link, span } from "../state.js";

const FIELDS = ["service", "name", "route", "status", "code", "version", "attribute", "min_ms", "max_ms", "entries"];

export async function traces({ params, names, signal }) {
  const wanted = Object.fromEntries(FIELDS.map((name) => [name, params[name]]));
  const results = h("div", { class: "stack" });
  const chosen = [];
  const refresh = async () => {
    // What someone is choosing from, or reading further down, must not move.
    if (chosen.length || results.contains(document.activeElement) || scrollY > 200) return;
    const [found, grouped] = await Promise.all([
      ask("/traces", { ...wanted, order: params.order, limit: 100, ...span() }, signal),
      ask("/traces/groups", { ...wanted, ...span() }, signal),
    ]);
    show(results, found.traces.length ? [scatter(found.traces), groups(grouped.groups), table(found.traces, chosen)] : h("div", { class: "panel" }, nothing(wanted)));
  };
  await refresh();
  return { element: h("div", { class: "stack" }, filters(names), results), refresh };
}

function filters(names) {
  return h("div", { class: "filters" },
    choice("service", "Service", [["", "all services"], ...names.services]),
    field("name", "Span name", { class: "wide" }),
    choice("status", "Status", [["", "any status"], ["error", "failed"], ["ok", "ok"], ["unset", "unset"]]),
    field("code", "HTTP code", { class: "short", inputmode: "numeric" }),
    field("min_ms", "min ms", { class: "short", inputmode: "decimal" }),
    field("max_ms", "max ms", { class: "short", inputmode: "decimal" }),
    field("attribute", "key=value"),
    names.versions.length > 1 && choice("version", "Version", [["", "any version"], ...names.versions]),
    choice("order", "Order", [["newest", "newest first"], ["slowest", "slowest first"]], "newest"));
}

function nothing(wanted) {
  return Object.values(wanted).some(Boolean)
    ? empty("No trace fits", "Widen the time, or drop a filter.")
    : empty("No traces in this time", "They show here as soon as a service sends spans.");
}

/** Each trace by time and duration (logarithmic): outliers stand out. */
function scatter(list) {
  const box = h("div", { class: "chart scatter" });
  new ResizeObserver(([entry]) => dots(box, list, Math.round(entry.contentRect.width))).observe(box);
  return h("section", { class: "panel card" }, box);
}

function dots(box, list, width) {
  const height = 110;
  const times = list.map((trace) => trace.time_us), spans = list.map((trace) => Math.max(trace.duration_ms, 0.05));
  const [first, last] = [Math.min(...times), Math.max(...times)];
  const [low, high] = [Math.log(Math.min(...spans)) - 0.2, Math.log(Math.max(...spans)) + 0.2];
  const svg = s("svg", { viewBox: `0 0 ${width} ${height}`, height, role: "img", "aria-label": "Traces by time and duration" });
  for (const part of [0, 0.5, 1]) {
    const y = 8 + (1 - part) * (height - 30);
    svg.append(s("line", { class: "grid", x1: 66, x2: width - 10, y1: y, y2: y }), s("text", { class: "axis", x: 58, y: y + 4, "text-anchor": "end" }, duration(Math.exp(low + part * (high - low)))));
  }
  svg.append(s("text", { class: "axis", x: 66, y: height - 3 }, clock(first, false)), s("text", { class: "axis", x: width - 10, y: height - 3, "text-anchor": "end" }, clock(last, false)));
  list.forEach((trace, index) => {
    const x = 72 + ((trace.time_us - first) / Math.max(last - first, 1)) * (width - 90);
    const y = 8 + (1 - (Math.log(spans[index]) - low) / Math.max(high - low, 0.01)) * (height - 30);
    svg.append(s("circle", { class: trace.errors ? "bad" : "", cx: x, cy: y, r: 4.5, on: { click: () => go(followLink(trace.trace_id)) } }, s("title", {}, `${trace.root_name} ${duration(trace.duration_ms)}`)));
  });
  show(box, svg);
}

function groups(list) {
  const shown = list.slice(0, 8);
  return h("section", { class: "panel scroll" }, h("table", {},
    h("thead", {}, h("tr", {}, h("th", {}, "Failing and slow groups"), h("th", {}, "Service"), h("th", {}, "Outcome"), ["Count", "p50", "p95", "max"].map((title) => h("th", { class: "num" }, title)), h("th", {}))),
    h("tbody", {}, shown.map((group) => h("tr", {},
      h("td", {}, h("a", { class: "mono", href: link("/traces", { service: group.service, name: group.name, status: group.status, code: group.code || "" }) }, group.name)),
      h("td", {}, service(group.service)),
      h("td", {}, h("span", { class: `tag ${group.status === "error" ? "bad" : ""}` }, group.code || group.status)),
      h("td", { class: "num" }, count(group.count)), h("td", { class: "num" }, duration(group.p50_ms)), h("td", { class: "num" }, duration(group.p95_ms)),
      h("td", { class: "num" }, h("a", { href: followLink(group.slowest_trace_id) }, duration(group.max_ms))),
      h("td", {}, h("a", { href: link("/compare", { service: group.service, name: group.name }) }, "versions")))))));
}

function table(list, chosen) {
  const longest = Math.max(...list.map((trace) => trace.duration_ms));
  const compare = button("Compare two", () => go(link("/compare", { a: chosen[0], b: chosen[1] })), { disabled: true });
  const choose = (event) => {
    const id = event.target.value;
    event.target.checked ? chosen.push(id) : chosen.splice(chosen.indexOf(id), 1);
    compare.disabled = chosen.length !== 2;
  };
  return h("section", { class: "panel" }, h("header", {}, h("h2", {}, `${list.length} traces`), h("span", { class: "push" }, compare)), h("div", { class: "scroll" },
    h("table", { class: "traces" }, h("tbody", {}, list.map((trace) => row(trace, longest, choose))))));
}

function row(trace, longest, choose) {
  return h("tr", { class: `pick ${trace.errors ? "error" : ""}`, tabindex: 0, "data-row": trace.trace_id, on: acting(() => go(followLink(trace.trace_id))) },
    h("td", {}, h("input", { type: "checkbox", value: trace.trace_id, "aria-label": "Choose to compare", on: { change: choose } })),
    h("td", { class: "wide" }, h("div", { class: "row" }, service(trace.root_service), h("a", { class: "mono", href: followLink(trace.trace_id) }, trace.root_name),
      trace.errors > 0 && h("span", { class: "tag bad" }, trace.code >= 400 ? trace.code : `${trace.errors} failed`)),
    h("div", { class: "meter", style: { width: `${(trace.duration_ms / longest) * 100}%` } })),
    h("td", { class: "num" }, duration(trace.duration_ms)), h("td", { class: "num dim" }, `${trace.spans} span${trace.spans === 1 ? "" : "s"}`),
    h("td", {}, h("span", { class: "chips", title: trace.services.join(", ") }, trace.services.map((name) => h("span", { class: `chip ${hue(name)}` })))),
    h("td", { class: "mono faint" }, trace.correlation_id || trace.trace_id.slice(0, 16)), h("td", { class: "num dim" }, ago(trace.time_us)));
}

