// What a run sends, as a value; how it is fetched, and how curl sends the same.

const ROUTES = { chat: "chat", "agent-chat": "chat", "advanced-chat": "chat",
  workflow: "workflow", completion: "completion" };

const ACCEPT = { ndjson: "", sse: "text/event-stream", text: "text/plain", json: "application/json" };

/**
 * The request of a run.
 * @param app {name, mode} - what is run; an app whose mode is not known is run by /apps.
 * @param fields - the app's input fields.
 * @param given {query, conversation, user, blocking, format, files} - the rest of the form.
 * @returns {path, accept, body, parts}: a JSON body; or parts, [name, text or File], if files are sent.
 */
function requestOf(app, fields, given) {
  const path = `${ROUTES[app.mode] ?? "apps"}/${encodeURIComponent(app.name)}`;
  const accept = given.blocking ? "" : ACCEPT[given.format];
  const files = fields.flatMap((field) => field.files().map((file) => [field.name, file]))
    .concat(given.files.map((file) => ["files", file]));
  const asParts = files.length > 0;
  const inputs = {};
  const links = [];
  for (const field of fields) {
    if (asParts && field.files().length) {
      links.push(...field.urls().map((url) => [field.name, url])); // beside files of the same variable
      continue;
    }
    const value = field.value();
    if (value !== undefined) inputs[field.name] = value;
  }
  const body = {};
  if (given.query) body.query = given.query;
  if (Object.keys(inputs).length) body.inputs = inputs;
  if (given.conversation) body.conversation_id = given.conversation;
  if (given.user) body.user = given.user;
  if (given.blocking) body.response_mode = "blocking";
  if (!asParts) return { path, accept, body, parts: null };
  const texts = Object.entries(body).map(([name, value]) =>
    [name, typeof value === "string" ? value : JSON.stringify(value)]);
  return { path, accept, body: null, parts: [...texts, ...links, ...files] };
}

/** The options of fetch for a request. */
function fetchOptions(request) {
  const headers = request.accept ? { Accept: request.accept } : {};
  if (!request.parts) {
    headers["Content-Type"] = "application/json";
    return { method: "POST", headers, body: JSON.stringify(request.body) };
  }
  const form = new FormData();
  for (const [name, value] of request.parts) form.append(name, value);
  return { method: "POST", headers, body: form };
}

/** A word in single quotes: in a POSIX shell nothing inside them means anything. */
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** JSON whose invisible characters are escaped, so that what is pasted is what is seen. */
const plainJson = (value) =>
  JSON.stringify(value).replace(/[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** The curl command of a request, its options one to a line. */
function curlOf(request) {
  const lines = [`curl -N ${quoted(new URL(request.path, HERE).href)}`];
  if (access.keyIsNeeded) lines.push('-H "Authorization: Bearer $KEY"');
  if (request.accept) lines.push(`-H ${quoted(`Accept: ${request.accept}`)}`);
  if (!request.parts) lines.push(`-d ${quoted(plainJson(request.body))}`);
  for (const [name, value] of request.parts ?? []) lines.push(curlPart(name, value));
  return lines.join(" \\\n  ");
}

/** Texts go by --form-string: -F gives a meaning to a first @ or < and to ;type=. */
function curlPart(name, value) {
  if (!(value instanceof File)) return `--form-string ${quoted(`${name}=${value}`)}`;
  const file = value.name.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
  return `-F ${quoted(`${name}=@"${file}"`)}`;
}
