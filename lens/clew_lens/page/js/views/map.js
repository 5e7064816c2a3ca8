// Who calls whom. Services in columns by how far they are from where requests enter.

import { ask } from "../api.js";
import { h, s, show } from "../dom.js";
import { duration, rate, share } from "../format.js";
import { empty, go, hue } from "../parts.js";
import { link, span } from "../state.js";

const WIDE = 178, TALL = 58, GAP_X = 150, GAP_Y = 34, EDGE = 24;

export async function map({ signal }) {
  const element = h("section", { class: "panel map scroll" });
  const refresh = async () => {
    const found = await ask("/map", span(), signal);
    show(element, found.nodes.length ? [picture(found), note()] : empty("No calls in this time", "Once two services talk to each other and both send spans, the map shows them."));
  };
  await refresh();
  return { element, refresh };
}

function note() {
  return h("p", { class: "note" }, "Numbers on an edge: calls per second, share that failed, 95th percentile. Dashed: queues. Click a service for its traces.");
}

function picture({ nodes, edges }) {
  const placed = layout(nodes, edges);
  const width = Math.max(...[...placed.values()].map((box) => box.x)) + WIDE + EDGE;
  const height = Math.max(...[...placed.values()].map((box) => box.y)) + TALL + EDGE + 10;
  const svg = s("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": "Service map", style: { "max-width": `${width * 1.15}px`, "min-width": `${Math.min(width, 620)}px` } },
    s("defs", {}, arrow("arrow", ""), arrow("arrow-bad", "bad")));
  for (const edge of edges) svg.append(curve(edge, placed));
  for (const edge of edges) svg.append(label(edge, placed));
  for (const node of nodes) svg.append(card(node, placed.get(node.id)));
  return svg;
}

function arrow(id, kind) {
  return s("marker", { id, class: kind, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 8, markerHeight: 8, markerUnits: "userSpaceOnUse", orient: "auto" }, s("path", { d: "M0 0L8 4L0 8Z" }));
}

/** Columns by longest way from an entrance; cycles are cut where they are met. */
function layout(nodes, edges) {
  const next = new Map(nodes.map((node) => [node.id, []]));
  const called = new Set();
  for (const edge of edges) if (edge.source !== edge.target) { next.get(edge.source)?.push(edge.target); called.add(edge.target); }
  const depth = new Map();
  const walk = (id, level, path) => {
    if (path.has(id) || level > nodes.length) return;
    if (level > (depth.get(id) ?? -1)) {
      depth.set(id, level);
      path.add(id);
      for (const target of next.get(id)) walk(target, level + 1, path);
      path.delete(id);
    }
  };
  for (const node of nodes) if (!called.has(node.id)) walk(node.id, 0, new Set());
  for (const node of nodes) if (!depth.has(node.id)) walk(node.id, 0, new Set());
  const columns = [];
  for (const node of nodes) (columns[depth.get(node.id)] ??= []).push(node.id);
  const tallest = Math.max(...columns.map((column) => column?.length ?? 0));
  const placed = new Map();
  columns.forEach((column, x) => {
    order(column, edges, placed).forEach((id, y) => {
      const shift = ((tallest - column.length) * (TALL + GAP_Y)) / 2;
      placed.set(id, { x: EDGE + x * (WIDE + GAP_X), y: EDGE + shift + y * (TALL + GAP_Y) });
    });
  });
  return placed;
}

/** Near to those that call them, so that fewer edges cross. */
function order(column, edges, placed) {
  const middle = (id) => {
    const from = edges.filter((edge) => edge.target === id && placed.has(edge.source)).map((edge) => placed.get(edge.source).y);
    return from.length ? from.reduce((sum, y) => sum + y, 0) / from.length : 0;
  };
  return [...column].sort((a, b) => middle(a) - middle(b) || a.localeCompare(b));
}

function ends(edge, placed) {
  const a = placed.get(edge.source), b = placed.get(edge.target);
  const back = b.x <= a.x;
  return { x1: a.x + (back ? WIDE / 2 : WIDE), y1: a.y + (back ? TALL : TALL / 2), x2: b.x + (back ? WIDE / 2 : 0), y2: b.y + (back ? TALL : TALL / 2), back };
}

function curve(edge, placed) {
  const { x1, y1, x2, y2, back } = ends(edge, placed);
  const bad = edge.errors > 0;
  const bend = back ? 46 : Math.max(50, (x2 - x1) / 2);
  const d = back ? `M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ${y2 + bend} ${x2} ${y2}` : `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2 - 2} ${y2}`;
  return s("path", { class: `edge ${bad ? "bad" : ""}`, d, "stroke-width": (1.2 + Math.min(4, Math.log10(1 + edge.rate) * 1.6)).toFixed(2), "marker-end": `url(#${bad ? "arrow-bad" : "arrow"})` });
}

function label(edge, placed) {
  const { x1, y1, x2, y2, back } = ends(edge, placed);
  const x = (x1 + x2) / 2, y = (y1 + y2) / 2 + (back ? 36 : 0);
  const line = (dy, text, bad) => s("text", { class: `on-edge ${bad ? "bad" : ""}`, x, y: y + dy, "text-anchor": "middle" }, text);
  return s("g", {}, line(-5, `${rate(edge.rate)}/s · ${duration(edge.p95_ms)}`, false), edge.errors > 0 && line(11, `${share(edge.error_share)} failed`, true));
}

function card(node, { x, y }) {
  const bad = node.error_share > 0;
  const open = () => node.type === "service" && go(link("/traces", { service: node.name }));
  const name = node.name.length > 24 ? `${node.name.slice(0, 23)}…` : node.name;
  const below = node.type === "service" ? `${rate(node.rate)}/s · p95 ${duration(node.p95_ms)}` : { db: "database", queue: "queue", external: "outside" }[node.type];
  return s("g", { class: `node ${node.type} ${bad ? "bad" : ""} ${node.type === "service" ? hue(node.name) : ""}`, tabindex: 0, "data-row": node.id, role: "link", "aria-label": `${node.name}, ${below}`, on: { click: open, keydown: (event) => event.key === "Enter" && open() } },
    s("rect", { x, y, width: WIDE, height: TALL, rx: node.type === "queue" ? 29 : node.type === "db" ? 4 : 9 }),
    s("text", { x: x + WIDE / 2, y: y + 25, "text-anchor": "middle", "font-weight": 600 }, name),
    s("text", { class: `sub ${bad ? "bad" : ""}`, x: x + WIDE / 2, y: y + 43, "text-anchor": "middle" }, bad ? `${share(node.error_share)} failed · ${rate(node.rate)}/s` : below));
}
