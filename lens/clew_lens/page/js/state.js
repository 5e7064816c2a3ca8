// Where the page is: the address holds it all, so that any view can be sent to a colleague.

const WINDOWS = ["1m", "5m", "15m", "1h", "6h", "1d", "7d"];
const listeners = [];

export { WINDOWS };

/** The current path's parts and parameters. */
export function place() {
  const parts = location.pathname.split("/").filter(Boolean).map(decodeURIComponent);
  return { view: parts[0] ?? "overview", rest: parts.slice(1).join("/"), params: Object.fromEntries(new URLSearchParams(location.search)) };
}

/** An address within the page; the chosen window goes with it. */
export function link(path, params = {}) {
  const query = new URLSearchParams();
  const since = place().params.since;
  for (const [name, value] of Object.entries({ since, ...params })) {
    if (value !== undefined && value !== null && value !== "") query.set(name, value);
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

/** The address of everything about an id. */
export const followLink = (id) => link(`/follow/${encodeURIComponent(id)}`);

export function go(address, replace = false) {
  history[replace ? "replaceState" : "pushState"](null, "", address);
  for (const listener of listeners) listener();
}

/** Change some parameters and stay in the view. */
export function refine(changes) {
  const { params } = place();
  const merged = { ...params, ...changes };
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(merged)) {
    if (value !== undefined && value !== null && value !== "") query.set(name, value);
  }
  const text = query.toString();
  go(text ? `${location.pathname}?${text}` : location.pathname);
}

export function onMove(listener) {
  listeners.push(listener);
  addEventListener("popstate", listener);
}

/** The window as parameters of a question. */
export function span() {
  const { params } = place();
  return params.from ? { from: params.from, to: params.to } : { since: params.since ?? "15m" };
}
