// Numbers and times as people read them.

/** Milliseconds, three digits that matter. */
export function duration(ms) {
  if (ms === null || ms === undefined) return "–";
  if (ms === 0) return "0";
  if (ms < 1) return `${Math.round(ms * 1000)} µs`;
  if (ms < 1000) return `${short(ms)} ms`;
  if (ms < 60000) return `${short(ms / 1000)} s`;
  return `${short(ms / 60000)} min`;
}

function short(value) {
  return value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : value.toFixed(0);
}

/** Per second. */
export function rate(value) {
  if (!value) return "0";
  if (value < 0.01) return value.toExponential(0);
  return value < 10 ? value.toFixed(2) : value < 1000 ? value.toFixed(1) : count(Math.round(value));
}

/** A share from 0 to 1 as a percentage. */
export function share(value) {
  if (!value) return "0 %";
  const percent = value * 100;
  return percent < 0.01 ? "< 0.01 %" : `${percent < 10 ? percent.toFixed(2) : percent.toFixed(1)} %`;
}

/** A whole number with thin gaps. */
export function count(value) {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, "\u2009");
}

/** Bytes. */
export function bytes(value) {
  if (value < 1 << 20) return `${Math.round(value / 1024)} KiB`;
  return value < 1 << 30 ? `${(value / (1 << 20)).toFixed(0)} MiB` : `${(value / (1 << 30)).toFixed(1)} GiB`;
}

const pad = (value, width = 2) => String(value).padStart(width, "0");

/** Local time of day of a time in microseconds. */
export function clock(us, fraction = true) {
  const date = new Date(us / 1000);
  const text = `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
  return fraction ? `${text}.${pad(Math.floor((us / 1000) % 1000), 3)}` : text;
}

/** Local date and time. */
export function moment(us) {
  const date = new Date(us / 1000);
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())} ${clock(us)}`;
}

/** How long ago. */
export function ago(us) {
  const seconds = Math.max(0, Date.now() / 1000 - us / 1e6);
  if (seconds < 60) return `${Math.round(seconds)} s ago`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86400)} d ago`;
}

/** A measured value with its unit (UCUM, as OpenTelemetry sends it). */
export function measure(value, unit) {
  if (value === null || value === undefined) return "–";
  if (unit === "s") return duration(value * 1000);
  if (unit === "ms") return duration(value);
  if (unit === "By") return bytes(value);
  const number = Math.abs(value) >= 1000 || Number.isInteger(value) ? count(Math.round(value)) : short(value);
  const word = unit.replace(/[{}]/g, "");
  return word && word !== "1" ? `${number} ${word}` : number;
}
