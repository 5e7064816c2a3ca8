// Questions to the lens.

export class Failed extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** GET /api/v1`path` with parameters; empty ones are left out. Throws Failed. */
export async function ask(path, params = {}, signal) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== null && value !== "") query.set(name, value);
  }
  let response;
  try {
    response = await fetch(`/api/v1${path}?${query}`, { signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failed(0, "The lens doesn't answer. Is it still running?");
  }
  const body = await response.json().catch(() => ({ error: `HTTP ${response.status}` }));
  if (!response.ok) throw new Failed(response.status, body.error);
  return body;
}
