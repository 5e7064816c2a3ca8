// Any instrument, by any label, with percentiles and exemplars.

import { ask } from "../api.js";
import { timeChart } from "../chart.js";
import { h, show } from "../dom.js";
import { measure } from "../format.js";
import { button, choice, empty, go } from "../parts.js";
import { followLink, link, refine, span } from "../state.js";

export async function metrics({ params, signal }) {
  const { metrics: all } = await ask("/metrics", {}, signal);
  if (!all.length) return { element: h("div", { class: "panel" }, empty("No metrics yet", "They show here as soon as a service sends some: OTEL_METRICS_EXPORTER=otlp.")) };
  const chosen = all.find((one) => one.name === params.name) ?? all.find((one) => one.name === "http.server.request.duration") ?? all[0];
  const panel = h("section", { class: "panel" });
  const refresh = () => draw(panel, chosen, params, signal);
  await refresh();
  return { element: h("div", { class: "metrics" }, list(all, chosen), panel), refresh };
}

function list(all, chosen) {
  const items = h("div", {});
  const fill = (text) => show(items, all.filter((one) => one.name.includes(text)).map((one) =>
    h("a", { href: link("/metrics", { name: one.name }), "aria-current": one === chosen && "true" }, one.name, h("small", {}, `${one.kind}${one.unit ? `, ${one.unit}` : ""} · ${one.services.length > 3 ? `${one.services.length} services` : one.services.join(", ")}`))));
  fill("");
  return h("nav", { class: "panel list", "aria-label": "Instruments" }, h("input", { type: "search", placeholder: "Find an instrument", "aria-label": "Find an instrument", on: { input: (event) => fill(event.target.value.trim()) } }), items);
}

async function draw(panel, chosen, params, signal) {
  const by = params.by ?? (chosen.services.length > 1 ? "service" : "");
  const wanted = { name: chosen.name, labels: params.labels, ...span() };
  const stat = chosen.stats.includes(params.stat) ? params.stat : chosen.kind === "histogram" ? "p95" : chosen.stats[0];
  const [found, marked] = await Promise.all([
    ask("/metrics/query", { ...wanted, by, stat }, signal),
    ask("/metrics/exemplars", { ...wanted, limit: 120, spread: true }, signal),
  ]);
  if (panel.contains(document.activeElement) && document.activeElement !== document.body) return;
  const lines = found.lines.map((line, index) => ({ ...line, label: line.label || (by ? "(none)" : chosen.name), hue: `h${index % 10}` }));
  const format = stat === "rate" ? (value) => `${measure(value, "")}/s` : (value) => measure(value, found.unit);
  const exemplars = stat === "rate" ? [] : marked.exemplars;
  const chart = timeChart({ ...found, lines, exemplars, title: chosen.name }, { height: 320, format, onExemplar: (point) => go(followLink(point.trace_id)) });
  const labels = ["service", ...Object.keys(chosen.labels)];
  show(panel, h("header", {}, h("h1", { class: "mono" }, chosen.name), h("span", { class: "dim" }, chosen.description)),
    h("div", { class: "filters card" }, choice("stat", "Statistic", chosen.stats, stat), choice("by", "Divided by", [["", "all together"], ...labels.map((label) => [label, `by ${label}`])], by), filters(chosen, params)),
    lines.some((line) => line.values.some((value) => value !== null)) ? h("div", { class: "card" }, chart) : empty("No points in this time", "Widen the time, or drop a label."),
    h("div", { class: "legend" }, lines.slice(0, 30).map((line) => h("button", { class: line.hue, type: "button", on: { click: (event) => { chart.toggle(line.label); event.currentTarget.classList.toggle("faint"); event.currentTarget.blur(); } } }, h("span", { class: "chip" }), line.label))),
    exemplars.length > 0 && h("p", { class: "note" }, "Circles are exemplars: single requests that were measured. Click one to open its trace."),
    found.lines_left_out > 0 && h("p", { class: "note" }, `${found.lines_left_out} more lines are left out: choose a label.`));
}

function filters(chosen, params) {
  const current = (params.labels ?? "").split(",").filter(Boolean);
  const set = (pairs) => refine({ labels: pairs.join(",") });
  const values = [["service", chosen.services], ...Object.entries(chosen.labels)];
  const options = values.flatMap(([key, list]) => list.map((value) => `${key}=${value}`)).filter((pair) => !current.includes(pair) && !pair.includes(","));
  return [
    h("select", { "aria-label": "Only with label", on: { change: (event) => set([...current, event.target.value]) } }, h("option", { value: "" }, "only with label…"), options.map((pair) => h("option", { value: pair }, pair))),
    current.map((pair) => button(`${pair} ✕`, () => set(current.filter((one) => one !== pair)), { "aria-pressed": "true" })),
  ];
}
