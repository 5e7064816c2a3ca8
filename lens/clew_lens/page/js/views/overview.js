// Every service at a glance, failing ones first, and the latest failures.

import { ask } from "../api.js";
import { spark } from "../chart.js";
import { h, show } from "../dom.js";
import { ago, count, duration, rate, share } from "../format.js";
import { acting, empty, service } from "../parts.js";
import { followLink, link, span } from "../state.js";

export async function overview({ signal }) {
  const element = h("div", { class: "stack" });
  const open = new Set();
  const refresh = async () => {
    const [found, failed, status] = await Promise.all([
      ask("/overview", span(), signal),
      ask("/traces", { ...span(), status: "error", limit: 8 }, signal),
      ask("/status", {}, signal),
    ]);
    const routes = {};
    await Promise.all([...open].map(async (name) => {
      routes[name] = (await ask("/routes", { service: name, ...span() }, signal)).routes;
    }));
    const focus = document.activeElement?.dataset?.row;
    show(element, draw(found, failed.traces, status, routes, toggle));
    if (focus) element.querySelector(`[data-row="${CSS.escape(focus)}"]`)?.focus();
  };
  const toggle = (name) => { open.has(name) ? open.delete(name) : open.add(name); refresh(); };
  await refresh();
  return { element, refresh };
}

function draw(found, failed, status, routes, toggle) {
  if (!found.services.length && !status.logs) return welcome();
  return [totals(found, status), services(found.services, routes, toggle), failures(failed)];
}

function welcome() {
  return h("div", { class: "panel" }, empty("Nothing has arrived yet",
    "Point any service that speaks OTLP at this lens, and it shows up here.",
    `export OTEL_EXPORTER_OTLP_ENDPOINT=http://${location.hostname}:4318`));
}

function totals({ services, outside }, status) {
  const failing = services.filter((one) => one.errors).length;
  return h("div", { class: "totals" },
    h("span", {}, h("b", {}, services.length), " services"),
    h("span", { class: failing ? "bad" : "" }, h("b", {}, failing), " failing"),
    h("span", {}, h("b", {}, rate(outside.rate)), " requests/s from outside"),
    h("span", { class: outside.errors ? "bad" : "" }, h("b", {}, count(outside.errors)), " of them failed"),
    h("span", { class: "push faint" }, `${count(status.spans)} spans, ${count(status.logs)} log lines, ${count(status.points)} points kept`));
}

function services(list, routes, toggle) {
  const most = Math.max(...list.map((one) => one.p95_ms ?? 0));
  return h("section", { class: "panel scroll" }, h("table", { class: "overview" },
    h("thead", {}, h("tr", {},
      h("th", { class: "wide" }, "Service"), ["Requests/s", "Failed", "p95"].map((title) => [h("th", { class: "num thin" }, title), h("th", {})]),
      ["p50", "p99"].map((title) => h("th", { class: "num thin" }, title)))),
    h("tbody", {}, list.map((one) => [row(one, toggle, routes[one.name]), routes[one.name] && inner(one.name, routes[one.name])]))));
}

/** Without the first and the last step, of which only a part lies in the window: they would seem to fall. */
const whole = (values) => (values.length > 4 ? values.slice(1, -1) : values);

function row(one, toggle, open) {
  const act = () => toggle(one.name);
  const state = !one.requests ? "silent" : one.errors ? "failing" : "";
  return h("tr", { class: `pick ${state}`, tabindex: 0, "data-row": one.name, "aria-expanded": String(Boolean(open)), on: acting(act) },
    h("td", {}, h("div", { class: "row" }, h("span", { class: `dot ${!one.requests ? "" : one.errors ? "bad" : "ok"}` }),
      service(one.name), one.version && h("span", { class: "faint" }, one.version))),
    h("td", { class: "num big" }, rate(one.rate)), h("td", { class: "spark" }, spark(whole(one.lines.rate), "blue")),
    h("td", { class: `num ${one.errors ? "bad big" : "faint"}` }, one.requests ? share(one.error_share) : "–"),
    h("td", { class: "spark" }, spark(whole(one.lines.errors), one.errors ? "red" : "")),
    h("td", { class: "num big" }, duration(one.p95_ms)), h("td", { class: "spark" }, spark(whole(one.lines.p95_ms))),
    h("td", { class: "num dim" }, duration(one.p50_ms)), h("td", { class: "num dim" }, duration(one.p99_ms)));
}

function inner(name, routes) {
  return h("tr", { class: "inner" }, h("td", { colspan: 9 }, h("table", {}, h("tbody", {}, routes.map((route) => h("tr", {},
    h("td", {}, h("a", { class: "mono", href: link("/traces", { service: name, name: route.name }) }, route.name)),
    h("td", { class: "num" }, `${rate(route.rate)}/s`),
    h("td", { class: "num" }, route.errors
      ? h("a", { class: "bad", href: link("/traces", { service: name, name: route.name, status: "error" }) }, `${count(route.errors)} failed, ${share(route.error_share)}`)
      : h("span", { class: "faint" }, "no errors")),
    h("td", { class: "num" }, duration(route.p50_ms)), h("td", { class: "num" }, duration(route.p95_ms)), h("td", { class: "num" }, duration(route.p99_ms))))),
  ), h("div", { class: "row" }, h("a", { href: link("/logs", { service: name }) }, "its logs"), h("a", { href: link("/traces", { service: name, order: "slowest" }) }, "its slowest traces"))));
}

function failures(traces) {
  if (!traces.length) return h("section", { class: "panel fine" }, h("span", { class: "dot ok" }), "No request failed in this time.");
  return h("section", { class: "panel" }, h("header", {}, h("h2", {}, "Latest failures"), h("a", { class: "push", href: link("/traces", { status: "error" }) }, "all")),
    h("div", { class: "scroll" }, h("table", {}, h("tbody", {}, traces.map(failed)))));
}

function failed(trace) {
  const open = followLink(trace.trace_id);
  return h("tr", {},
    h("td", {}, h("a", { href: open, "data-row": trace.trace_id, class: "mono" }, trace.root_name)),
    h("td", { class: "mono why" }, service(trace.match.service), " ", trace.match.status_message),
    h("td", {}, trace.code ? h("span", { class: "tag bad" }, trace.code) : h("span", { class: "tag bad" }, "error")),
    h("td", { class: "num" }, duration(trace.duration_ms)),
    h("td", { class: "mono faint" }, trace.correlation_id || trace.trace_id.slice(0, 16)),
    h("td", { class: "num dim" }, ago(trace.time_us)));
}
