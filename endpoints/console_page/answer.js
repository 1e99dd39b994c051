// What a run says, put together from its events by the same rules as the blocking answer.

/** Characters of an answer that are shown; the rest can be copied. More makes the page slow. */
const SHOWN_CHARACTERS = 200_000;

/** Runs of a conversation that stay on the page. */
const KEPT_TURNS = 30;

const NO_PIECES = new Set(["message_replace", "message_end"]);

/** The answer so far, and its element. Events change the state; `paint` shows it. */
class Answer {
  constructor(question) {
    this.text = "";
    this.conversation = "";
    this.tokens = null;
    this.problem = null;
    this.paused = false;
    this.outputs = null;
    this.status = "";
    this.isChat = false;
    this.thoughts = new Map();
    this.shown = 0;
    this.body = make("div", { class: "answer" });
    this.before = make("div");
    this.after = make("div");
    this.element = make("article", { class: "turn" },
      question ? make("p", { class: "asked" }, question) : null, this.before, this.body, this.after);
  }

  add(event) {
    const name = event.event;
    const data = isObject(event.data) ? event.data : {};
    if (textOf(event.conversation_id)) this.conversation = event.conversation_id;
    if (/^(message|agent_message)/.test(name) && !NO_PIECES.has(name) && typeof event.answer === "string") {
      this.isChat = true;
      this.write(event.answer);
    } else if (name === "text_chunk") this.write(textOf(data.text));
    else if (name === "message_replace") this.replace(textOf(event.answer));
    else if (name === "text_replace") this.replace(textOf(data.text));
    else if (name === "agent_thought") this.thoughts.set(event.id, event);
    else if (name === "message_end") this.tokens = event.metadata?.usage?.total_tokens ?? this.tokens;
    else if (name === "workflow_finished") this.finish(data);
    else if (name === "workflow_paused") this.paused = true;
    else if (name === "error") {
      this.problem ??= { status: event.status, code: textOf(event.code), requestId: textOf(event.request_id),
        message: textOf(event.message) || "The run failed, and Dify does not say why." };
    }
  }

  finish(data) {
    this.status = textOf(data.status);
    this.tokens = data.total_tokens || this.tokens;
    this.outputs = isObject(data.outputs) ? data.outputs : null;
    this.failure = this.status === "failed" ? textOf(data.error) || "The app's log in Dify says why." : "";
  }

  write(piece) {
    this.text += piece;
  }

  replace(text) {
    this.text = text;
    this.shown = 0;
    this.body.replaceChildren();
  }

  /** Show a JSON answer: what the blocking mode gives. */
  addWhole(whole) {
    const workflow = isObject(whole.data) ? whole.data : null;
    this.conversation = textOf(whole.conversation_id);
    if (typeof whole.answer === "string") this.write(whole.answer);
    this.isChat = typeof whole.answer === "string";
    this.tokens = whole.metadata?.usage?.total_tokens ?? null;
    this.paused = whole.event === "workflow_paused" || workflow?.status === "paused";
    if (workflow) this.finish(workflow);
    this.after.append(jsonDetails("The whole answer", whole, !this.isChat && !workflow));
  }

  paint() {
    const until = Math.min(this.text.length, SHOWN_CHARACTERS);
    if (until > this.shown) {
      this.body.append(this.text.slice(this.shown, until));
      this.shown = until;
    }
  }

  paintThoughts() {
    const open = this.before.firstChild?.open ?? false;
    if (!this.thoughts.size) return;
    const items = [...this.thoughts.values()].map((thought) => make("pre", {},
      [thought.thought, thought.tool && `tool: ${thought.tool}`,
        thought.tool_input && `input: ${thought.tool_input}`,
        thought.observation && `result: ${thought.observation}`].filter(Boolean).map(String).join("\n")));
    this.before.replaceChildren(make("details", { open },
      make("summary", {}, `Thoughts of the agent (${items.length})`), ...items));
  }

  /** Add what is known at the end alone. */
  close() {
    if (this.text.length > SHOWN_CHARACTERS) {
      const left = numberText(this.text.length - SHOWN_CHARACTERS);
      this.after.append(make("p", { class: "hint" }, `${left} more characters are not shown; "Copy answer" has them all.`));
    }
    // A chatflow's outputs repeat the answer, and not as moderation left it.
    const outputs = this.outputs && !this.isChat && Object.keys(this.outputs).length ? this.outputs : null;
    if (outputs) this.after.append(jsonDetails("Outputs", outputs, true));
    if (!this.text && !outputs && !this.problem && !this.after.childElementCount) {
      this.after.append(make("p", { class: "empty" }, "No text came."));
    }
  }
}

function jsonDetails(title, value, open) {
  return make("details", { open }, make("summary", {}, title),
    make("pre", {}, shortened(JSON.stringify(value, null, 2))));
}

function shortened(text) {
  if (text.length <= SHOWN_CHARACTERS) return text;
  return `${text.slice(0, SHOWN_CHARACTERS)}\n... ${numberText(text.length - SHOWN_CHARACTERS)} more characters`;
}
