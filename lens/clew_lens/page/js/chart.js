// Sparklines and charts over time, in SVG.

import { h, s, show } from "./dom.js";
import { clock } from "./format.js";

/** A line without axes. `top` fixes the upper end of its scale. */
export function spark(values, kind = "", top = 0) {
  const svg = s("svg", { class: `spark ${kind}`, viewBox: "0 0 100 26", preserveAspectRatio: "none", "aria-hidden": "true" });
  if (values.length < 2) return svg;
  const most = Math.max(top, ...values.map((value) => value ?? 0)) || 1;
  const at = (value, index) => `${((index / (values.length - 1)) * 100).toFixed(2)} ${(25 - (value / most) * 23).toFixed(2)}`;
  const line = path(values, at);
  if (line) svg.append(s("path", { d: line }));
  const filled = values.map((value) => value ?? 0);
  svg.append(s("path", { class: "area", d: `M0 25L${filled.map(at).join("L")}L100 25Z` }));
  return svg;
}

function path(values, at) {
  let text = "", open = false;
  values.forEach((value, index) => {
    if (value === null) { open = false; return; }
    text += `${open ? "L" : "M"}${at(value, index)}`;
    open = true;
  });
  return text;
}

const LEFT = 62, RIGHT = 12, BOTTOM = 22, TOP = 8;

/**
 * Lines over time. `data`: start_us, step_ms, lines [{label, values, hue}], exemplars
 * [{time_us, value, ...}], marker {time_us, value}; `format` turns a value into text.
 */
export function timeChart(data, { height = 240, format = String, onExemplar, tall = true } = {}) {
  const box = h("div", { class: "chart" });
  const off = new Set();
  let width = 0;
  const draw = () => render(box, data, { width, height, format, onExemplar, off, tall });
  box.toggle = (label) => { off.has(label) ? off.delete(label) : off.add(label); draw(); };
  new ResizeObserver(([entry]) => {
    const next = Math.round(entry.contentRect.width);
    if (next && next !== width) { width = next; draw(); }
  }).observe(box);
  return box;
}

function render(box, data, options) {
  const { width, height, format, off } = options;
  const shown = data.lines.filter((line) => !off.has(line.label));
  const steps = Math.max(1, ...data.lines.map((line) => line.values.length));
  const span = Math.max(1, (steps - 1) * data.step_ms * 1000);
  const values = shown.flatMap((line) => line.values).filter((value) => value !== null);
  const points = (data.exemplars ?? []).filter((e) => e.time_us >= data.start_us && e.time_us <= data.start_us + span + data.step_ms * 1000);
  if (data.marker?.value) values.push(data.marker.value);
  values.push(...points.map((point) => point.value));
  const scale = ticks(Math.max(0, ...values), height < 130 ? 2 : 4);
  const x = (us) => LEFT + ((us - data.start_us) / span) * (width - LEFT - RIGHT);
  const y = (value) => height - BOTTOM - (value / scale.most) * (height - BOTTOM - TOP);
  const svg = s("svg", { height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": data.title ?? "values over time" });
  for (const tick of scale.ticks) {
    svg.append(s("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y(tick), y2: y(tick) }));
    svg.append(s("text", { class: "axis", x: LEFT - 8, y: y(tick) + 4, "text-anchor": "end" }, format(tick)));
  }
  timeAxis(svg, data, span, width, height, x);
  for (const line of shown) {
    const at = (value, index) => `${x(data.start_us + index * data.step_ms * 1000).toFixed(1)} ${y(value).toFixed(1)}`;
    svg.append(s("path", { class: `series ${line.hue}`, d: path(line.values, at) }));
    lonely(line, at, svg);
  }
  if (data.marker) mark(svg, data.marker, x, y, height);
  const tip = h("div", { class: "tip", hidden: true });
  const cross = s("line", { class: "cross", y1: TOP, y2: height - BOTTOM, visibility: "hidden" });
  svg.append(cross);
  for (const point of points) svg.append(exemplar(point, x, y, options));
  hover(svg, { data, shown, span, width, x, tip, cross, format });
  show(box, svg, tip);
}

/** A value with no neighbour would be a line without length. */
function lonely(line, at, svg) {
  line.values.forEach((value, i) => {
    if (value === null || (line.values[i - 1] ?? null) !== null || (line.values[i + 1] ?? null) !== null) return;
    const [cx, cy] = at(value, i).split(" ");
    svg.append(s("circle", { class: line.hue, cx, cy, r: 2.2, fill: "var(--hue)" }));
  });
}

function timeAxis(svg, data, span, width, height, x) {
  const count = Math.max(1, Math.min(6, Math.floor(width / 130)));
  for (let i = 0; i <= count; i++) {
    const us = data.start_us + (span * i) / count;
    const anchor = i === 0 ? "start" : i === count ? "end" : "middle";
    svg.append(s("text", { class: "axis", x: x(us), y: height - 5, "text-anchor": anchor }, clock(us, false)));
  }
}

function mark(svg, marker, x, y, height) {
  const left = x(marker.time_us);
  svg.append(s("line", { class: "marker", x1: left, x2: left, y1: TOP, y2: height - BOTTOM }));
  if (marker.value !== undefined) svg.append(s("circle", { class: "here", cx: left, cy: y(marker.value), r: 5 }));
}

function exemplar(point, x, y, { onExemplar, format }) {
  const open = () => onExemplar?.(point);
  return s("circle", {
    class: "exemplar", cx: x(point.time_us), cy: y(point.value), r: 3.8, tabindex: 0, role: "link",
    "aria-label": `${format(point.value)} at ${clock(point.time_us)}, open its trace`,
    on: { click: open, keydown: (event) => event.key === "Enter" && open() },
  }, s("title", {}, `${format(point.value)} at ${clock(point.time_us)} · open trace ${point.trace_id.slice(0, 8)}…`));
}

function hover(svg, { data, shown, span, width, x, tip, cross, format }) {
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const share = (event.clientX - box.left - LEFT) / (width - LEFT - RIGHT);
    const index = Math.round((share * span) / (data.step_ms * 1000));
    const us = data.start_us + index * data.step_ms * 1000;
    if (share < 0 || share > 1) return hide();
    const rows = shown.map((line) => [line, line.values[index]]).filter(([, value]) => value !== null && value !== undefined);
    rows.sort((a, b) => b[1] - a[1]);
    show(tip, h("div", { class: "faint" }, clock(us, false)),
      rows.slice(0, 10).map(([line, value]) => h("div", { class: line.hue }, h("span", { class: "chip" }), h("b", {}, format(value)), line.label)));
    tip.hidden = false;
    const left = x(us);
    cross.setAttribute("x1", left); cross.setAttribute("x2", left); cross.setAttribute("visibility", "visible");
    tip.style.setProperty("top", "8px");
    tip.style.setProperty("left", left > width / 2 ? "auto" : `${left + 10}px`);
    tip.style.setProperty("right", left > width / 2 ? `${width - left + 10}px` : "auto");
  });
  const hide = () => { tip.hidden = true; cross.setAttribute("visibility", "hidden"); };
  svg.addEventListener("pointerleave", hide);
}

/** Round numbers from zero to beyond `most`. */
function ticks(most, count) {
  if (!most) return { most: 1, ticks: [0] };
  const rough = most / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) * power;
  const found = [];
  for (let value = 0; value < most + step * 0.999; value += step) found.push(Number(value.toPrecision(6)));
  return { most: found.at(-1), ticks: found };
}

/** Bars over time: all, and within them the bad ones. */
export function bars(data, height = 56) {
  const most = Math.max(1, ...data.lines);
  const wide = 100 / data.lines.length;
  const svg = s("svg", { class: "bars", viewBox: `0 0 100 ${height}`, height, preserveAspectRatio: "none", "aria-hidden": "true" });
  data.lines.forEach((total, index) => {
    const tall = (value) => (value ? Math.max(1.5, (value / most) * (height - 2)) : 0);
    const bad = data.errors[index];
    const box = { x: index * wide + wide * 0.1, width: wide * 0.8 };
    svg.append(s("rect", { class: "bar", ...box, y: height - tall(total), height: tall(total) }));
    if (bad) svg.append(s("rect", { class: "bar bad", ...box, y: height - tall(bad), height: tall(bad) }));
  });
  return h("div", { class: "chart" }, svg);
}
