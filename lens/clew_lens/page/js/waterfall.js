// One trace as a waterfall: spans as bars, log lines as pins among them, the critical path beneath.

import { h } from "./dom.js";
import { duration } from "./format.js";
import { acting, hue } from "./parts.js";

/** Rows in order: a tree (children and log lines under their span) or plain time. */
export function waterfall(trace, logs, { flat = false, withLogs = true, onSpan, onLog } = {}) {
  const rows = flat ? byTime(trace, logs, withLogs) : byTree(trace, logs, withLogs);
  const scale = ruler(trace, logs, withLogs);
  const critical = new Map();
  for (const part of trace.critical_path) {
    if (!critical.has(part.span_id)) critical.set(part.span_id, []);
    critical.get(part.span_id).push(part);
  }
  return h("div", { class: "fall", role: "table", "aria-label": "Timeline" }, axis(scale),
    rows.map((row) => row.span
      ? spanRow(row, scale, critical.get(row.span.span_id) ?? [], onSpan)
      : logRow(row, scale, onLog)));
}

function ruler(trace, logs, withLogs) {
  let end = trace.time_us + trace.duration_ms * 1000;
  if (withLogs) for (const log of logs) end = Math.max(end, log.time_us);
  const span = Math.max(end - trace.time_us, 1);
  return { start: trace.time_us, span, at: (us) => Math.min(100, Math.max(0, ((us - trace.time_us) / span) * 100)) };
}

function children(trace) {
  const ids = new Set(trace.spans.map((span) => span.span_id));
  const found = new Map([["", []]]);
  for (const span of trace.spans) {
    const key = ids.has(span.parent_id) && span.parent_id !== span.span_id ? span.parent_id : "";
    if (!found.has(key)) found.set(key, []);
    found.get(key).push(span);
  }
  return found;
}

function byTree(trace, logs, withLogs) {
  const below = children(trace);
  const lines = new Map();
  const ids = new Set(trace.spans.map((span) => span.span_id));
  for (const log of withLogs ? logs : []) {
    const key = ids.has(log.span_id) ? log.span_id : "";
    if (!lines.has(key)) lines.set(key, []);
    lines.get(key).push(log);
  }
  const rows = [], seen = new Set();
  // A stack instead of recursion: a trace can be thousands deep.
  const stack = [...below.get("")].reverse().map((span) => ({ span, depth: 0 }));
  while (stack.length) {
    const row = stack.pop();
    rows.push(row);
    if (!row.span || seen.has(row.span.span_id)) continue;
    seen.add(row.span.span_id);
    const inside = [
      ...(below.get(row.span.span_id) ?? []).map((span) => ({ span, depth: row.depth + 1, time: span.time_us })),
      ...(lines.get(row.span.span_id) ?? []).map((log) => ({ log, depth: row.depth + 1, time: log.time_us })),
    ];
    inside.sort((a, b) => b.time - a.time);
    stack.push(...inside);
  }
  return [...rows, ...(lines.get("") ?? []).map((log) => ({ log, depth: 0 }))];
}

function byTime(trace, logs, withLogs) {
  const rows = trace.spans.map((span) => ({ span, depth: 0, time: span.time_us }));
  if (withLogs) rows.push(...logs.map((log) => ({ log, depth: 0, time: log.time_us })));
  return rows.sort((a, b) => a.time - b.time);
}

function axis(scale) {
  const ticks = [0, 0.25, 0.5, 0.75].map((part) => h("span", { class: "tick", style: { left: `${part * 100}%` } }, duration((scale.span * part) / 1000)));
  ticks.push(h("span", { class: "tick last" }, duration(scale.span / 1000)));
  return h("div", { class: "line ruler", role: "row" }, h("span", {}), h("span", { class: "lane" }, ticks));
}

function spanRow({ span, depth }, scale, critical, onSpan) {
  const left = scale.at(span.time_us);
  const width = Math.max(0, scale.at(span.time_us + span.duration_ms * 1000) - left);
  const label = h("span", { class: "took", style: { left: `${left + width}%` } }, duration(span.duration_ms));
  return h("div", {
    class: `line ${span.status} ${hue(span.service)}`, role: "row", tabindex: 0, "data-row": span.span_id, "data-span": span.span_id,
    "aria-label": `${span.service} ${span.name}, ${duration(span.duration_ms)}, ${span.status}`,
    on: acting((event) => { pick(event.currentTarget); onSpan?.(span); }),
  },
  h("span", { class: "name", style: { "--depth": String(Math.min(depth, 24)) } },
    h("span", { class: "chip" }), h("span", { class: "svc" }, span.service), h("span", { class: "text", title: span.name }, span.name)),
  h("span", { class: "lane" },
    h("span", { class: "block", style: { left: `${left}%`, width: `${width}%` } }),
    critical.map((part) => h("span", { class: "crit", style: { left: `${scale.at(part.start_us)}%`, width: `${Math.max(0, scale.at(part.end_us) - scale.at(part.start_us))}%` } })),
    label));
}

function logRow({ log, depth }, scale, onLog) {
  return h("div", {
    class: `line log ${log.level}`, role: "row", tabindex: 0, "data-row": `log-${log.seq}`, "data-log": log.seq,
    on: acting((event) => { pick(event.currentTarget); onLog?.(log); }),
  },
  h("span", { class: "name", style: { "--depth": String(Math.min(depth, 24)) } },
    h("span", { class: `level ${log.level}` }, log.level), h("span", { class: "text", title: log.message }, log.message)),
  h("span", { class: "lane" }, h("span", { class: "pin", style: { left: `${scale.at(log.time_us)}%` } })));
}

function pick(row) {
  for (const other of document.querySelectorAll(".line.at")) other.classList.remove("at");
  row.classList.add("at");
}
