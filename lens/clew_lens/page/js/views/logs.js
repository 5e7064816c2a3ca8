// Log lines: search, over time, and live.

import { ask } from "../api.js";
import { bars } from "../chart.js";
import { logDetails } from "../details.js";
import { h, show } from "../dom.js";
import { clock, count } from "../format.js";
import { acting, button, choice, empty, field, service } from "../parts.js";
import { place, refine, span } from "../state.js";

const LEVELS = ["trace", "debug", "info", "warn", "error", "fatal"];
const MOST = 1000;
const TAIL_EVERY = 700;

export async function logs({ params, names, signal }) {
  const { text, service: name, level, logger, trace_id, correlation_id, attribute } = params;
  const wanted = { text, service: name, level, logger, trace_id, correlation_id, attribute };
  const window = trace_id || correlation_id ? (params.since ? span() : {}) : span();
  const list = h("div", { class: "lines", role: "log", "aria-label": "Log lines" });
  const over = h("div", { class: "panel" });
  const note = h("span", { class: "push faint", role: "status" });
  const element = h("div", { class: "stack" }, filters(names, params, note), over, h("section", { class: "panel" }, list));
  const tail = Boolean(params.tail);
  let last = 0, timer = 0, stopped = false;

  const histogram = async () => show(over, bars(await ask("/logs/histogram", { ...wanted, ...(window.since || window.from ? window : { since: "1d" }) }, signal)));
  const fill = async () => {
    const found = await ask("/logs", { ...wanted, ...window }, signal);
    last = found.last_seq;
    show(list, found.logs.length ? found.logs.map((log) => line(log)) : nothing(wanted, tail));
    note.textContent = found.logs.length ? `${count(found.logs.length)} lines, newest first` : "";
  };
  const follow = async () => {
    try {
      const found = last ? await ask("/logs", { ...wanted, after_seq: last, limit: MOST }, signal) : await ask("/logs", { ...wanted, ...window }, signal);
      if (found.logs.length) {
        list.querySelector(".empty")?.remove();
        for (const log of last ? found.logs : found.logs.reverse()) list.prepend(line(log, true));
        while (list.children.length > MOST) list.lastChild.remove();
        note.textContent = `live, ${count(list.children.length)} lines`;
      }
      last = found.last_seq;
    } catch (error) {
      if (error.name === "AbortError") return;
      note.textContent = error.message;
    }
    if (!stopped) timer = setTimeout(follow, TAIL_EVERY);
  };

  await Promise.all([fill(), histogram()]);
  if (tail) timer = setTimeout(follow, TAIL_EVERY);
  return { element, refresh: histogram, stop: () => { stopped = true; clearTimeout(timer); } };
}

function filters(names, params, note) {
  return h("div", { class: "filters" },
    field("text", "Search messages", { class: "wide" }),
    choice("service", "Service", [["", "all services"], ...names.services]),
    choice("level", "Level", [["", "all levels"], ...LEVELS.map((level) => [level, `${level} and above`])]),
    field("attribute", "key=value"),
    params.trace_id && button(`trace ${params.trace_id.slice(0, 8)}… ✕`, () => refine({ trace_id: "" })),
    params.correlation_id && button(`${params.correlation_id} ✕`, () => refine({ correlation_id: "" })),
    button("Live tail", () => refine({ tail: place().params.tail ? "" : "1" }), { "aria-pressed": String(Boolean(params.tail)), id: "tail" }),
    note);
}

function nothing(wanted, tail) {
  const narrowed = Object.values(wanted).some(Boolean);
  if (tail) return empty("Waiting for log lines", "They show here as they arrive.");
  return empty("No log lines", narrowed ? "None in this time fits the search: widen the time or drop a filter." : "None arrived in this time.");
}

function line(log, fresh = false) {
  const row = h("div", { class: `line ${log.level} ${fresh ? "fresh" : ""}`, tabindex: 0, role: "row", "data-row": log.seq },
    h("time", { class: "faint" }, clock(log.time_us)), h("span", { class: `level ${log.level}` }, log.level),
    h("span", { class: "service" }, service(log.service)),
    h("span", { class: "text" }, log.message, log.exception && h("span", { class: "why" }, ` ${log.exception}`)));
  const holder = h("div", {}, row);
  const act = () => {
    row.classList.toggle("open");
    const more = holder.querySelector(".more");
    more ? more.remove() : holder.append(h("div", { class: "more" }, logDetails(log)));
  };
  for (const [event, handler] of Object.entries(acting(act))) row.addEventListener(event, handler);
  return holder;
}
