// Elements and texts. Whatever comes from the endpoint is put in as text, never as markup.

const $ = (id) => document.getElementById(id);

/** Make an element; attributes that are not strings are set as properties. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "string") element.setAttribute(name, value);
    else if (value !== null && value !== undefined) element[name] = value;
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** A box that says what went wrong, or (a note) what to know. */
function problemBox({ title, message, facts = [], note = false }) {
  return make("div", { class: note ? "problem note" : "problem" },
    make("strong", {}, title), " ", message,
    facts.length ? make("span", { class: "hint mono" }, facts.join("  \u00b7  ")) : null);
}

/** The same for an error envelope: what is wrong first, what to tell the administrator below. */
function errorBox({ status, code, message, requestId }) {
  const facts = [code, requestId && `request ${requestId}`].filter(Boolean).map(String);
  return problemBox({ title: status ? `Error ${status}.` : "Error.", message, facts });
}

/** Copy a text, and say on the button for a moment that it was done. */
async function copyFrom(button, text) {
  const label = button.dataset.label ??= button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = copyTheOldWay(text) ? "Copied" : "Can't copy here";
  }
  setTimeout(() => { button.textContent = label; }, 1500);
}

/** Without TLS there is no clipboard object, except on the machine itself. */
function copyTheOldWay(text) {
  const before = document.activeElement;
  const area = make("textarea", { class: "unseen", value: text });
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  before?.focus();
  return done;
}

/** A time span for reading: from milliseconds. */
function spanText(milliseconds) {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(2)} s`;
  return `${Math.floor(milliseconds / 60_000)} min ${Math.round(milliseconds / 1000) % 60} s`;
}

const numberText = (number) => new Intl.NumberFormat("en").format(number);

function sizeText(bytes) {
  return bytes < 1_000_000 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const textOf = (value) => (typeof value === "string" ? value : "");
