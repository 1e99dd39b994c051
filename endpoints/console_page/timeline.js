// The events of a run as a list, each expandable to its JSON. Neighbours that carry the pieces of one
// text share a row, and rows beyond a number wait for a button: any number of events stays readable
// and the page quick.

/** Rows, and events inside a row, that are shown at a time. */
const ROWS_AT_A_TIME = 300;

/** Characters of all events together that are kept for expanding; about as many bytes. */
const KEPT_CHARACTERS = 48_000_000;

/** Characters of one event that are shown. */
const EVENT_CHARACTERS = 60_000;

const PIECES = new Set(["message", "agent_message", "text_chunk", "tts_message", "ping"]);
const ENDS = new Set(["message_end", "workflow_finished"]);

class Timeline {
  constructor(place, note) {
    this.note = note;
    this.kept = 0;
    this.count = 0;
    this.rows = [];
    this.painted = 0;
    this.limit = ROWS_AT_A_TIME;
    this.list = make("ol", { class: "rows" });
    this.more = make("button", { class: "plain more", type: "button", hidden: true });
    this.more.addEventListener("click", () => {
      this.limit += ROWS_AT_A_TIME;
      this.paint();
    });
    place.replaceChildren(this.list, this.more);
    note.textContent = "";
  }

  /** @param at {number} - milliseconds since the request was sent. */
  add(event, raw, at) {
    this.count += 1;
    this.kept += raw.length;
    const kept = this.kept <= KEPT_CHARACTERS ? raw : null;
    const entry = { name: event.event, gist: gistOf(event), raw: kept, at };
    const last = this.rows.at(-1);
    if (last && last.name === entry.name && PIECES.has(entry.name)) last.entries.push(entry);
    else this.rows.push({ name: entry.name, entries: [entry], view: null });
  }

  paint() {
    const until = Math.min(this.rows.length, this.limit);
    // the last painted row may have grown
    for (let index = Math.max(this.painted - 1, 0); index < until; index += 1) {
      const row = this.rows[index];
      if (row.view) {
        row.view.update();
        continue;
      }
      row.view = rowView(row);
      this.list.append(row.view.element);
    }
    this.painted = until;
    const hidden = this.rows.length - until;
    this.more.hidden = !hidden;
    this.more.textContent = `Show more: ${numberText(hidden)} rows`;
    this.note.textContent = this.kept > KEPT_CHARACTERS ? "The JSON of the latest events is not kept." : "";
  }
}

/** A row's element. One event expands to its JSON, several to rows of their own. */
function rowView(row) {
  const times = make("span", { class: "times" });
  const gist = make("span", { class: "gist" });
  const details = make("details", {},
    make("summary", {}, make("span", { class: "at" }, spanText(row.entries[0].at)),
      make("span", { class: "what" }, row.name, times), gist));
  const kind = row.name === "error" ? " error" : ENDS.has(row.name) ? " end" : "";
  let counted = 0;
  const update = () => {
    const count = row.entries.length;
    if (count === counted) return;
    times.textContent = count > 1 ? ` \u00d7 ${numberText(count)}` : "";
    // a row of many shows the beginning of their text
    if (counted < 40) gist.textContent = row.entries.slice(0, 40).map((entry) => entry.gist).join("").slice(0, 120);
    counted = count;
  };
  details.addEventListener("toggle", () => {
    for (const shown of [...details.children].slice(1)) shown.remove();
    if (details.open) details.append(...contentsOf(row.entries));
  });
  update();
  return { element: make("li", { class: `row${kind}` }, details), update };
}

function contentsOf(entries) {
  if (entries.length === 1) return [make("pre", { tabIndex: 0 }, prettyEvent(entries[0].raw))];
  const list = make("ol", { class: "rows" });
  const more = make("button", { class: "plain more", type: "button" });
  let shown = 0;
  const page = () => {
    const next = entries.slice(shown, shown + ROWS_AT_A_TIME);
    list.append(...next.map((entry) => rowView({ name: entry.name, entries: [entry] }).element));
    shown += next.length;
    more.hidden = shown >= entries.length;
    more.textContent = `Show more: ${numberText(entries.length - shown)} events`;
  };
  more.addEventListener("click", page);
  page();
  return [list, more];
}

function prettyEvent(raw) {
  if (raw === null) return "This event is not kept: the run sent too much.";
  let text = raw;
  try {
    text = JSON.stringify(JSON.parse(raw), null, 2);
  } catch {
    // as it came
  }
  if (text.length <= EVENT_CHARACTERS) return text;
  return `${text.slice(0, EVENT_CHARACTERS)}\n... ${numberText(text.length - EVENT_CHARACTERS)} more characters`;
}

/** What an event says, in a few words. */
function gistOf(event) {
  const data = isObject(event.data) ? event.data : {};
  const words = event.event === "error" ? textOf(event.message)
    : textOf(event.answer) || textOf(data.text)
    || [data.title, data.status, typeof data.elapsed_time === "number" ? spanText(1000 * data.elapsed_time) : ""]
      .filter((word) => textOf(word)).join("  \u00b7  ")
    || textOf(event.tool) || textOf(event.thought);
  return words.slice(0, 120).replaceAll("\n", " ");
}
