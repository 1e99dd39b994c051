// The key, and requests that carry it. Every path is relative to this page: it works under any URL.

const HERE = new URL(".", location.href);

/** Endpoints of one Dify share an origin, and so its storage: each has a slot of its own. */
const KEY_SLOT = `app-proxy key of ${HERE.pathname}`;

const access = { key: "", keyIsNeeded: true };

function rememberedKey() {
  try {
    return sessionStorage.getItem(KEY_SLOT) ?? "";
  } catch {
    return ""; // storage is switched off: the key lives as long as the page
  }
}

function rememberKey(key) {
  access.key = key;
  try {
    if (key) sessionStorage.setItem(KEY_SLOT, key);
    else sessionStorage.removeItem(KEY_SLOT);
  } catch {
    // see above
  }
}

/** An answer that is not what was asked for; the fields of the endpoint's error envelope. */
class Refusal extends Error {
  constructor({ status, code, message, requestId }) {
    super(message);
    Object.assign(this, { status, code, requestId });
  }
}

/** Make a request with the key, if there is one. */
async function call(path, { headers = {}, ...options } = {}) {
  const all = new Headers(headers);
  if (access.key) {
    try {
      all.set("Authorization", `Bearer ${access.key}`);
    } catch {
      throw new Refusal({ status: 401, code: "", message: "The key has characters that no key can have." });
    }
  }
  try {
    return await fetch(new URL(path, HERE), { ...options, headers: all, cache: "no-store" });
  } catch (failure) {
    if (failure.name === "AbortError") throw failure;
    throw new Refusal({ code: "", message: "The endpoint can't be reached. Check the connection and try again." });
  }
}

/** What an answer that is no success says. */
async function refusalOf(response) {
  const requestId = response.headers.get("X-Request-Id");
  let body = null;
  try {
    body = await response.json();
  } catch {
    // no JSON: not this plugin's own answer
  }
  if (isObject(body) && typeof body.code === "string" && textOf(body.message)) {
    return new Refusal({ status: response.status, code: body.code, message: body.message,
      requestId: textOf(body.request_id) || requestId });
  }
  return new Refusal({ status: response.status, code: "", requestId,
    message: "This answer is not the plugin's: it comes from Dify's plugin daemon or a proxy in front of it." });
}

/** GET a JSON object. Throws a Refusal. */
async function getJson(path, signal) {
  const response = await call(path, { headers: { Accept: "application/json" }, signal });
  if (!response.ok) throw await refusalOf(response);
  const body = await response.json().catch(() => null);
  if (!isObject(body)) {
    throw new Refusal({ status: response.status, code: "", message: "The answer can't be read." });
  }
  return body;
}
