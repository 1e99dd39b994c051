// The page: the key, the apps, the form of the picked app, and what each button does.

const MODE_NAMES = { chat: "chatbot", "agent-chat": "agent", "advanced-chat": "chatflow",
  workflow: "workflow", completion: "text generation" };
const WAYS = { reverse_invocation: "reverse invocation", service_api: "Service API" };

let app = null;
let fields = [];
let loading = null;

// the key

async function enter(key, refused) {
  access.key = key;
  try {
    const apps = await getJson("apps");
    access.keyIsNeeded = Boolean(key);
    rememberKey(key);
    showConsole(apps);
  } catch (failure) {
    rememberKey("");
    showGate(failure, refused);
  }
}

function showGate(failure, refused) {
  stopRun();
  const needsKey = failure.status === 401;
  for (const id of ["loading", "console", "forget"]) $(id).hidden = true;
  for (const id of ["apps", "turns", "timeline", "inputs", "snippet", "run-problem"]) $(id).replaceChildren();
  $("gate").hidden = false;
  $("key-form").hidden = !needsKey;
  $("retry").hidden = needsKey;
  const problem = !needsKey ? errorBox(failure)
    : refused ? problemBox({ title: refused, message: "Nothing is shown without a valid one." }) : null;
  $("gate-problem").replaceChildren(...(problem ? [problem] : []));
  if (needsKey) {
    $("key").value = "";
    $("key").focus();
  }
}

function showConsole({ data, any }) {
  $("key").value = "";
  $("gate").hidden = $("loading").hidden = true;
  $("console").hidden = false;
  $("forget").hidden = !access.keyIsNeeded;
  const legend = make("legend", { class: "unseen" }, "Exposed apps");
  $("apps").replaceChildren(legend);
  for (const each of Array.isArray(data) ? data : []) addApp(textOf(each?.name) || textOf(each?.app_id), textOf(each?.app_id));
  $("other-app").hidden = any !== true;
  const first = $("apps").querySelector("input");
  $("no-apps").hidden = Boolean(first);
  if (first) {
    first.checked = true;
    pick(first.value);
    first.focus();
  }
}

// the apps

function addApp(name, id) {
  if (!name) return null;
  const known = [...$("apps").querySelectorAll("input")].find((input) => input.value === name);
  if (known) return known;
  const input = make("input", { type: "radio", name: "app", value: name });
  $("apps").append(make("label", { title: id }, input, name));
  return input;
}

async function pick(name) {
  loading?.abort();
  const mine = loading = new AbortController();
  app = null;
  $("run-form").hidden = true;
  $("app-title").textContent = name;
  $("app-facts").replaceChildren(make("span", { class: "hint" }, "Asking Dify for its form\u2026"));
  $("app-problem").replaceChildren();
  try {
    const told = await getJson(`apps/${encodeURIComponent(name)}`, mine.signal);
    app = { name, mode: textOf(told.mode), via: textOf(told.via), told };
    showApp();
  } catch (failure) {
    if (failure.name === "AbortError") return;
    if (failure.status === 401) return showGate(failure, "The key is not valid any more.");
    $("app-facts").replaceChildren();
    $("app-problem").replaceChildren(errorBox(failure));
  }
}

function showApp() {
  const { mode, via, told } = app;
  const facts = [MODE_NAMES[mode] ?? mode, WAYS[via] ?? via].filter(Boolean);
  $("app-facts").replaceChildren(...facts.map((fact) => make("span", { class: "fact" }, fact)));
  fields = fieldsOf(told.user_input_form);
  $("inputs").replaceChildren(...fields.map((field) => field.row));
  const isChat = ROUTES[mode] === "chat";
  const hasOwnQuery = mode === "completion" && fields.some((field) => field.name === "query");
  $("query-row").hidden = mode === "workflow" || hasOwnQuery;
  $("query").required = isChat;
  $("query").value = "";
  $("query-hint").textContent = ROUTES[mode] ? "" : "A chat needs it; leave it empty for a workflow.";
  $("conversation-row").hidden = mode === "workflow" || mode === "completion";
  $("conversation").value = "";
  $("user-row").hidden = via !== "service_api";
  $("files").value = "";
  $("files-row").hidden = !(told.file_upload?.enabled === true && via === "service_api");
  $("run-form").hidden = false;
  updateSnippet();
}

// the request

const shownValue = (id) => ($(`${id}-row`).hidden ? "" : $(id).value);

function currentRequest() {
  return requestOf(app, fields, {
    query: shownValue("query").trim() ? shownValue("query") : "",
    conversation: shownValue("conversation").trim(),
    user: shownValue("user").trim(),
    files: $("files-row").hidden ? [] : [...$("files").files],
    blocking: $("run-form").elements.mode.value === "blocking",
    format: $("run-form").elements.format.value,
  });
}

function updateSnippet() {
  if (!app) return;
  $("snippet").textContent = curlOf(currentRequest());
  $("conversation-hint").textContent = $("conversation").value.trim()
    ? "The next run continues it." : "The next run begins one, and the run after that continues it.";
}

/** A blocking answer is JSON, whatever else is asked for. */
function followMode() {
  const form = $("run-form").elements;
  const blocking = form.mode.value === "blocking";
  const formats = $("formats");
  if (blocking === formats.disabled) return;
  if (blocking) formats.dataset.before = form.format.value;
  form.format.value = blocking ? "json" : formats.dataset.before;
  formats.disabled = blocking;
}

async function submit() {
  if (!app || running) return;
  const request = currentRequest();
  const ran = app;
  const end = await run(ran, request, shownValue("query"));
  if (end.unauthorized) return showGate({ status: 401 }, "The key is not valid any more.");
  if (app === ran && UUID.test(end.conversation) && !$("conversation-row").hidden) {
    $("conversation").value = end.conversation;
    updateSnippet();
  }
}

// colours

const THEMES = ["system", "light", "dark"];

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  $("theme").textContent = `Theme: ${theme}`;
}

function stored(action) {
  try {
    return action(localStorage);
  } catch {
    return null; // storage is switched off
  }
}

// what is pressed

$("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  enter($("key").value.trim(), "This key is not valid here.");
});
$("forget").addEventListener("click", () => {
  rememberKey("");
  location.reload(); // leaves nothing behind
});
$("retry").addEventListener("click", () => location.reload());
$("apps").addEventListener("change", (event) => pick(event.target.value));
$("other-app").addEventListener("submit", (event) => {
  event.preventDefault();
  if (running) return;
  const id = $("app-id").value.trim().toLowerCase();
  addApp(id, id).checked = true;
  $("no-apps").hidden = true;
  pick(id);
});
$("run-form").addEventListener("submit", (event) => {
  event.preventDefault();
  submit();
});
for (const happening of ["input", "change"]) {
  $("run-form").addEventListener(happening, () => {
    followMode();
    updateSnippet();
  });
}
$("run-form").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) $("run-form").requestSubmit();
});
$("stop").addEventListener("click", stopRun);
$("new-conversation").addEventListener("click", () => {
  $("conversation").value = "";
  updateSnippet();
  $("query").focus();
});
$("copy-snippet").addEventListener("click", () => copyFrom($("copy-snippet"), $("snippet").textContent));
$("theme").addEventListener("click", () => {
  const next = THEMES[(THEMES.indexOf(document.documentElement.dataset.theme) + 1) % THEMES.length];
  setTheme(next);
  stored((storage) => storage.setItem("app-proxy theme", next));
});

// the beginning

const theme = stored((storage) => storage.getItem("app-proxy theme"));
setTheme(THEMES.includes(theme) ? theme : "system");
$("address").textContent = HERE.href.replace(/\/$/, "");
enter(rememberedKey(), rememberedKey() ? "The key is not valid any more." : "");
