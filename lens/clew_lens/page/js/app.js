// The frame: bar, keyboard, moving between views, and the clock that makes them live.

import { ask } from "./api.js";
import { h, show } from "./dom.js";
import { button, closeDrawer, failure, nameServices } from "./parts.js";
import { WINDOWS, followLink, go, link, onMove, place, refine } from "./state.js";
import { toggleTheme } from "./theme.js";
import { compare } from "./views/compare.js";
import { follow } from "./views/follow.js";
import { logs } from "./views/logs.js";
import { map } from "./views/map.js";
import { metrics } from "./views/metrics.js";
import { overview } from "./views/overview.js";
import { traces } from "./views/traces.js";

const TABS = [["overview", "/", "Overview"], ["traces", "/traces", "Traces"], ["logs", "/logs", "Logs"], ["metrics", "/metrics", "Metrics"], ["map", "/map", "Map"]];
const VIEWS = { overview, follow, trace: follow, traces, compare, logs, metrics, map };
const KEYS = [["/", "follow an id"], ["1 – 5", "views"], ["j  k", "next, previous row"], ["Enter", "open the row"], ["l", "live on or off"], ["t", "dark or light"], ["Esc", "close, or leave the field"], ["?", "this list"]];
const TURN = 2000;

let current = { refresh: async () => {}, stop: () => {} };
let turn = 0;
let live = true;
let loading = null;

function bar() {
  const { view, params } = place();
  const input = h("input", {
    id: "follow", type: "search", placeholder: "Follow a correlation id, trace id or key=value", "aria-label": "Follow an id",
    autocomplete: "off", spellcheck: "false", value: view === "follow" ? place().rest : "",
  });
  const submit = (event) => {
    event.preventDefault();
    if (input.value.trim()) go(followLink(input.value.trim()));
  };
  const chosen = params.since ?? "15m";
  const windows = h("select", { "aria-label": "How far back", id: "since", on: { change: (e) => refine({ since: e.target.value, from: "", to: "" }) } },
    [...new Set([...WINDOWS, chosen])].map((value) => h("option", { value, selected: value === chosen }, `last ${value}`)));
  show(document.getElementById("bar"),
    h("a", { class: "brand", href: link("/") }, h("img", { src: "/static/clew.svg", alt: "" }), "clew lens"),
    h("nav", { "aria-label": "Views" }, TABS.map(([name, path, label]) =>
      h("a", { href: link(path), "aria-current": name === view && "page" }, label))),
    h("form", { role: "search", on: { submit } }, input, h("kbd", {}, "/")),
    h("div", { class: "tools" }, windows,
      button("Live", toggleLive, { id: "live", "aria-pressed": String(live), title: "Refresh by itself (l)" }),
      button("◐", toggleTheme, { class: "button plain", "aria-label": "Dark or light", title: "Dark or light (t)" })));
}

function toggleLive() {
  live = !live;
  document.getElementById("live").setAttribute("aria-pressed", String(live));
}

async function move() {
  const mine = ++turn;
  loading?.abort();
  loading = new AbortController();
  current.stop();
  closeDrawer();
  delete document.getElementById("view").dataset.ready;
  bar();
  const { view, rest, params } = place();
  const root = document.getElementById("view");
  const make = VIEWS[view];
  document.title = `${view === "follow" ? rest.slice(0, 12) : view} · clew lens`;
  if (!make) return show(root, failure(new Error(`There is no view named ${view}.`)));
  const slow = setTimeout(() => show(root, h("div", { class: "loading", role: "status" }, "Loading…")), 250);
  try {
    const names = await ask("/names", {}, loading.signal);
    nameServices(names.services);
    const made = await make({ rest, params, names, signal: loading.signal });
    clearTimeout(slow);
    if (mine !== turn) return made.stop?.();
    current = { refresh: async () => {}, stop: () => {}, ...made };
    show(root, made.element);
    scrollTo(0, 0);
    root.dataset.ready = view;
  } catch (error) {
    clearTimeout(slow);
    if (mine !== turn || error.name === "AbortError") return;
    current = { refresh: async () => {}, stop: () => {} };
    show(root, failure(error));
  }
}

async function beat() {
  if (live && !document.hidden && document.getElementById("drawer").hidden) {
    try {
      await current.refresh();
      document.getElementById("stale")?.remove();
    } catch (error) {
      if (error.name !== "AbortError") stale(error);
    }
  }
  setTimeout(beat, TURN);
}

function stale(error) {
  if (document.getElementById("stale")) return;
  const note = failure(error);
  note.id = "stale";
  document.getElementById("view").prepend(note);
}

function help() {
  const dialog = h("dialog", { "aria-label": "Keyboard" }, h("h1", {}, "Keyboard"),
    h("dl", {}, KEYS.map(([key, text]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, text)])),
    h("form", { method: "dialog" }, h("p", {}, " "), h("button", { class: "button" }, "Close")));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function step(by) {
  const rows = [...document.querySelectorAll("#view [data-row]")];
  if (!rows.length) return;
  const index = rows.indexOf(document.activeElement);
  const next = rows[Math.min(rows.length - 1, Math.max(0, index + by))];
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

function keys(event) {
  const typing = event.target.matches("input, select, textarea");
  if (event.key === "Escape") return typing ? event.target.blur() : closeDrawer();
  if (typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog")) return;
  const actions = { "/": () => { const field = document.getElementById("follow"); field.focus(); field.select(); }, l: toggleLive, t: toggleTheme, "?": help, j: () => step(1), k: () => step(-1) };
  TABS.forEach(([, path], index) => { actions[index + 1] = () => go(link(path)); });
  if (actions[event.key]) {
    event.preventDefault();
    actions[event.key]();
  }
}

document.addEventListener("keydown", keys);
document.addEventListener("click", (event) => {
  const anchor = event.target.closest?.("a[href^='/']");
  if (!anchor || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (anchor.getAttribute("href").startsWith("/api/")) return;
  event.preventDefault();
  go(anchor.getAttribute("href"));
});
onMove(move);
move();
beat();
