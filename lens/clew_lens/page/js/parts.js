// Small parts that views are made of.

import { h, show } from "./dom.js";
import { go, place, refine } from "./state.js";

const hues = new Map();

/** The class that gives a service its colour, the same everywhere in the page. */
export function hue(service) {
  if (!hues.has(service)) hues.set(service, hues.size % 10);
  return `h${hues.get(service)}`;
}

/** Give services their colours in a fixed order. */
export function nameServices(services) {
  for (const service of services) hue(service);
}

export function service(name, extra) {
  return h("span", { class: `service ${hue(name)}` }, h("span", { class: "chip" }), name, extra);
}

export function empty(title, text, code) {
  return h("div", { class: "empty", role: "status" }, h("strong", {}, title), text, code && h("div", {}, h("code", {}, code)));
}

export function failure(error) {
  return h("div", { class: "panel failure", role: "alert" }, h("strong", { class: "bad" }, "That didn't work. "), error.message);
}

export function button(label, action, props = {}) {
  return h("button", { type: "button", class: "button", ...props, on: { click: action } }, label);
}

/** A link that moves within the page. */
export function anchor(href, props, ...children) {
  return h("a", { href, ...props }, ...children);
}

/** A text field of the address: what is typed is kept there. */
export function field(name, label, props = {}) {
  return h("input", {
    name, "aria-label": label, placeholder: label, value: place().params[name] ?? "", type: "search",
    autocomplete: "off", spellcheck: "false", ...props,
    on: { change: (event) => refine({ [name]: event.target.value.trim() }) },
  });
}

/** A choice of the address. `options` are values or [value, label] pairs. */
export function choice(name, label, options, fallback = "") {
  const current = place().params[name] ?? fallback;
  const items = options.map((option) => (Array.isArray(option) ? option : [option, option]));
  if (current && !items.some(([value]) => value === current)) items.push([current, current]);
  return h("select", { name, "aria-label": label, on: { change: (event) => refine({ [name]: event.target.value }) } },
    items.map(([value, text]) => h("option", { value, selected: value === current }, text)));
}

const drawer = () => document.getElementById("drawer");
let opener = null;

/** Show details at the side; focus returns to where it was when they close. */
export function openDrawer(title, ...content) {
  opener = opener ?? document.activeElement;
  const close = button("Close", closeDrawer, { class: "button push", "aria-keyshortcuts": "Escape" });
  show(drawer(), h("div", { class: "top" }, h("h1", {}, title), close), ...content);
  drawer().hidden = false;
  drawer().scrollTop = 0;
}

export function closeDrawer() {
  if (drawer().hidden) return false;
  drawer().hidden = true;
  for (const row of document.querySelectorAll(".line.at")) row.classList.remove("at");
  opener?.focus?.();
  opener = null;
  return true;
}

export function pairs(values) {
  const entries = Object.entries(values);
  if (!entries.length) return h("p", { class: "faint" }, "none");
  return h("dl", { class: "pairs" }, entries.map(([key, value]) => [
    h("dt", {}, key),
    h("dd", {}, typeof value === "string" ? value : JSON.stringify(value)),
  ]));
}

/** A row that acts when clicked or on Enter. */
export function acting(action) {
  return {
    click: (event) => { if (!event.target.closest("a, button, input")) action(event); },
    keydown: (event) => {
      if (event.key === "Enter" && event.target === event.currentTarget) { event.preventDefault(); action(event); }
    },
  };
}

export { go };
