// An app's input form: one field for each of its variables, in Dify's kinds.

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What Dify reads as a document; only a hint for the file dialog, the app decides. */
const DOCUMENTS = ".txt,.md,.mdx,.markdown,.pdf,.html,.xlsx,.xls,.vtt,.properties,.doc,.docx,.csv,.eml,.msg,.pptx,.ppt,.xml,.epub";

const MEDIA = {
  image: /\.(jpe?g|png|webp|gif|svg)$/i,
  audio: /\.(mp3|m4a|wav|amr|mpga)$/i,
  video: /\.(mp4|mov|mpeg|webm)$/i,
};

/** The fields of `user_input_form`: a list of objects with one kind each. */
function fieldsOf(form) {
  const entries = (Array.isArray(form) ? form : []).flatMap((entry) =>
    isObject(entry) ? Object.entries(entry) : []);
  return entries
    .filter(([, spec]) => isObject(spec) && textOf(spec.variable))
    .map(([kind, spec], index) => makeField(kind, spec, `input-${index}`));
}

/**
 * One field: {name, row, value(), files(), urls()}.
 * value() is undefined for what is left out, files() are the chosen files, urls() the given ones.
 */
function makeField(kind, spec, id) {
  const makeKind = { select: selectField, number: numberField, checkbox: checkboxField,
    json: jsonField, json_object: jsonField, file: fileField, "file-list": fileField };
  const field = (makeKind[kind] ?? textField)(spec, id, kind);
  return { name: spec.variable, files: () => [], urls: () => [], ...field };
}

function labelOf(spec, id) {
  const label = textOf(spec.label) || spec.variable;
  return make("label", { for: id }, label,
    spec.required ? make("span", { class: "must", ariaHidden: "true" }, "*") : null,
    label === spec.variable ? null : make("span", { class: "name" }, spec.variable));
}

const givenText = (value) => (value === null || value === undefined ? "" : String(value));

function textField(spec, id, kind) {
  const long = kind === "paragraph";
  const control = make(long ? "textarea" : "input", { id, required: Boolean(spec.required) });
  if (long) control.rows = 4;
  control.value = givenText(spec.default);
  const limit = Number.isInteger(spec.max_length) && spec.max_length > 0 ? spec.max_length : 0;
  const count = make("span", { class: "hint count", id: `${id}-count` });
  if (limit) control.setAttribute("aria-describedby", count.id);
  const check = () => {
    if (!limit) return;
    const length = [...control.value].length;
    count.textContent = `${numberText(length)} / ${numberText(limit)}`;
    count.classList.toggle("over", length > limit);
    control.setCustomValidity(length > limit ? `At most ${limit} characters.` : "");
  };
  control.addEventListener("input", check);
  check();
  const head = make("div", { class: "field-head" }, labelOf(spec, id), count);
  return { row: make("div", { class: "field" }, head, control), value: () => control.value || undefined };
}

function numberField(spec, id) {
  const control = make("input", { id, type: "number", step: "any", required: Boolean(spec.required) });
  control.value = givenText(spec.default);
  const value = () => (control.value === "" ? undefined : Number(control.value));
  return { row: make("div", { class: "field" }, labelOf(spec, id), control), value };
}

function checkboxField(spec, id) {
  const control = make("input", { id, type: "checkbox", checked: [true, 1, "true", "1"].includes(spec.default) });
  const row = make("div", { class: "field check" }, control, labelOf({ ...spec, required: false }, id));
  return { row, value: () => control.checked };
}

function selectField(spec, id) {
  const options = (Array.isArray(spec.options) ? spec.options : []).map(givenText);
  const control = make("select", { id, required: Boolean(spec.required) },
    make("option", { value: "" }, spec.required ? "Choose one" : "Leave out"),
    ...options.map((option) => make("option", { value: option }, option)));
  if (options.includes(givenText(spec.default))) control.value = givenText(spec.default);
  return { row: make("div", { class: "field" }, labelOf(spec, id), control), value: () => control.value || undefined };
}

function jsonField(spec, id) {
  const control = make("textarea", { id, class: "code", rows: 4, spellcheck: false, required: Boolean(spec.required) });
  const given = spec.default;
  control.value = isObject(given) || Array.isArray(given) ? JSON.stringify(given, null, 2) : givenText(given);
  let parsed;
  const check = () => {
    parsed = undefined;
    control.setCustomValidity("");
    try {
      if (control.value.trim()) parsed = JSON.parse(control.value);
    } catch {
      control.setCustomValidity("This is not JSON.");
    }
  };
  control.addEventListener("input", check);
  check();
  const hint = make("p", { class: "hint", id: `${id}-hint` }, "JSON");
  control.setAttribute("aria-describedby", hint.id);
  return { row: make("div", { class: "field" }, labelOf(spec, id), control, hint), value: () => parsed };
}

function fileField(spec, id, kind) {
  const many = kind === "file-list";
  const most = many && Number.isInteger(spec.max_length) && spec.max_length > 0 ? spec.max_length : 0;
  const types = stringsIn(spec.allowed_file_types);
  const control = make("input", { id, type: "file", multiple: many, accept: acceptOf(spec, types) });
  const hint = make("p", { class: "hint", id: `${id}-hint` }, fileHint(spec, types, many, most));
  control.setAttribute("aria-describedby", hint.id);
  const takesUrls = !stringsIn(spec.allowed_file_upload_methods).length
    || stringsIn(spec.allowed_file_upload_methods).includes("remote_url");
  const link = make(many ? "textarea" : "input", { class: "code or", rows: 1, spellcheck: false,
    placeholder: many ? "or links, one on each line" : "or a link: https://...",
    "aria-label": `Link for ${textOf(spec.label) || spec.variable}` });
  const links = () => link.value.split(/\s+/).filter(Boolean);
  const check = () => {
    const count = control.files.length + links().length;
    const bad = links().find((each) => !/^https?:\/\/[^/]/i.test(each));
    link.setCustomValidity(bad ? "A link begins with http:// or https://." : "");
    control.setCustomValidity(
      spec.required && !count ? "A file is needed." : most && count > most ? `At most ${most} files.`
        : !many && count > 1 ? "Either a file or a link." : "");
  };
  for (const each of [control, link]) each.addEventListener("input", check);
  check();
  return {
    row: make("div", { class: "field" }, labelOf(spec, id), control, takesUrls ? link : null, hint),
    value: () => {
      const remote = links().map((url) => ({ type: fileType(url, types), transfer_method: "remote_url", url }));
      return many ? (remote.length ? remote : undefined) : remote[0];
    },
    files: () => [...control.files],
    urls: links,
  };
}

const stringsIn = (value) => (Array.isArray(value) ? value.filter((each) => typeof each === "string") : []);

function acceptOf(spec, types) {
  if (!types.length) return "";
  const known = { image: "image/*", audio: "audio/*", video: "video/*", document: DOCUMENTS };
  const own = stringsIn(spec.allowed_file_extensions).map((each) => (each.startsWith(".") ? each : `.${each}`));
  return types.flatMap((type) => (type === "custom" ? own : known[type] ?? [])).join(",");
}

function fileHint(spec, types, many, most) {
  const own = types.includes("custom") ? stringsIn(spec.allowed_file_extensions) : [];
  const kinds = [...types.filter((type) => type !== "custom"), ...own].join(", ") || "any kind of file";
  return many ? `${most ? `Up to ${most} files` : "Files"}: ${kinds}` : `One file: ${kinds}`;
}

/** Dify's type for a linked file: what its name tells, or the only one that the app takes. */
function fileType(url, allowed) {
  const path = URL.canParse(url) ? new URL(url).pathname : "";
  const found = Object.keys(MEDIA).find((type) => MEDIA[type].test(path));
  const named = allowed.filter((type) => type !== "custom");
  return found ?? (named.length === 1 && !/\.\w+$/.test(path) ? named[0] : "document");
}
