// One run at a time: its request, its stream, its measures, and how it ends.

/** Milliseconds between two looks of the page at what has come. */
const PAINT_MS = 50;

let running = null;

/** Send a request and show what comes back, until the run is over. Never throws. */
async function run(app, request, question) {
  const current = { app, controller: new AbortController(), started: performance.now(), first: null,
    requestId: "", answer: new Answer(question), timeline: new Timeline($("timeline"), $("events-note")), over: false };
  running = current;
  showBeginning(current, request);
  const painting = paintRegularly(current);
  let outcome;
  try {
    outcome = await receive(current, request);
  } catch (failure) {
    outcome = outcomeOfFailure(current, failure);
  }
  current.over = true;
  await painting;
  current.answer.close();
  showEnd(current, outcome);
  running = null;
  return { conversation: current.answer.conversation, unauthorized: outcome.problem?.status === 401 };
}

function stopRun() {
  running?.controller.abort();
}

/** Read the answer to its end; gives how the run ended. */
async function receive(current, request) {
  const { controller, answer } = current;
  const response = await call(request.path, { ...fetchOptions(request), signal: controller.signal });
  current.requestId = response.headers.get("X-Request-Id") ?? "";
  $("request-id").textContent = current.requestId || "\u2013";
  if (!response.ok) throw await refusalOf(response);
  const type = (response.headers.get("Content-Type") ?? "").split(";")[0];
  if (type === "application/json") {
    const whole = await response.json();
    current.first = performance.now();
    answer.addWhole(whole);
  } else if (type === "text/plain") {
    for await (const text of textsOf(response.body)) {
      if (text) noteFirst(current);
      answer.write(text);
    }
    $("events-note").textContent = `${type} has no events`;
  } else {
    return receiveEvents(current, response);
  }
  return outcomeOfAnswer(answer);
}

async function receiveEvents(current, response) {
  let ended = false;
  for await (const [event, raw] of eventsOf(response)) {
    const at = performance.now() - current.started;
    if (event.event !== "ping") noteFirst(current);
    current.timeline.add(event, raw, at);
    current.answer.add(event);
    ended ||= ["message_end", "workflow_finished", "workflow_paused", "error"].includes(event.event);
  }
  if (ended) return outcomeOfAnswer(current.answer);
  return { state: "failed", words: "Broken off",
    problem: { code: "", message: "The stream ended without a last event: something between here and the endpoint cut it off." } };
}

function noteFirst(current) {
  if (current.first !== null) return;
  current.first = performance.now();
  setStatus("running", "Running");
}

function outcomeOfAnswer(answer) {
  if (answer.problem) return { state: "failed", words: "Failed", problem: answer.problem };
  if (answer.failure) {
    return { state: "failed", words: "Failed",
      problem: { code: "run failed", message: answer.failure } };
  }
  if (answer.paused) {
    return { state: "stopped", words: "Paused",
      note: { title: "Paused.", message: "The run waits for a human in Dify; what it has asked is its last event." } };
  }
  return { state: "finished", words: answer.status === "partial-succeeded" ? "Finished in part" : "Finished" };
}

function outcomeOfFailure(current, failure) {
  if (failure.name === "AbortError") {
    const message = current.app.via === "service_api"
      ? "The plugin has Dify stop the run as soon as it notices."
      : "The run goes on in Dify and uses tokens to its end: a run by reverse invocation can't be stopped.";
    return { state: "stopped", words: "Stopped", note: { title: "You stopped reading.", message } };
  }
  if (failure instanceof Refusal) return { state: "failed", words: "Failed", problem: failure };
  return { state: "failed", words: "Broken off",
    problem: { code: "", message: "The connection broke before the end of the answer." } };
}

function showBeginning(current, request) {
  const goesOn = Boolean(request.body?.conversation_id) || request.parts?.some(([name]) => name === "conversation_id");
  const turns = $("turns");
  for (const other of goesOn ? turns.querySelectorAll(".empty") : [...turns.children]) other.remove();
  while (turns.childElementCount >= KEPT_TURNS) turns.firstChild.remove();
  turns.append(current.answer.element);
  turns.scrollTop = turns.scrollHeight;
  $("run-problem").replaceChildren();
  $("result-title").textContent = `Run of ${current.app.name}`;
  if ($("result-title").getBoundingClientRect().bottom > innerHeight) $("result-title").scrollIntoView();
  $("request-id").textContent = "\u2013";
  for (const id of ["run", "apps", "copy-answer", "new-conversation"]) $(id).disabled = true;
  $("stop").disabled = false;
  setStatus("running", "Waiting for the first event");
  showMeasures(current);
}

function showEnd(current, outcome) {
  setStatus(outcome.state, outcome.words);
  if (outcome.problem) {
    const { status, code, message, requestId } = outcome.problem;
    $("run-problem").append(errorBox({ status, code, message, requestId: requestId || current.requestId }));
  }
  if (outcome.note) $("run-problem").append(problemBox({ ...outcome.note, note: true }));
  for (const id of ["run", "apps", "new-conversation"]) $(id).disabled = false;
  $("copy-answer").disabled = !current.answer.text && !current.answer.outputs;
  const stopHadFocus = document.activeElement === $("stop");
  $("stop").disabled = true;
  if (stopHadFocus) $("run").focus();
  $("copy-answer").onclick = () =>
    copyFrom($("copy-answer"), current.answer.text || JSON.stringify(current.answer.outputs, null, 2));
}

function setStatus(state, words) {
  const status = $("status");
  status.dataset.state = state;
  status.textContent = words;
}

function showMeasures({ started, first, answer, timeline }) {
  $("first-event").textContent = first === null ? "\u2013" : spanText(first - started);
  $("duration").textContent = spanText(performance.now() - started);
  $("event-count").textContent = timeline.count ? numberText(timeline.count) : "\u2013";
  $("tokens").textContent = answer.tokens === null ? "\u2013" : numberText(answer.tokens);
}

/** Show what came, again and again, until the run is over; more seldom if showing takes long. */
async function paintRegularly(current) {
  while (!current.over) {
    const began = performance.now();
    paint(current);
    const took = performance.now() - began;
    await new Promise((resolve) => setTimeout(resolve, Math.max(PAINT_MS, 3 * took)));
  }
  paint(current);
}

function paint(current) {
  keepingTail($("turns"), () => {
    current.answer.paint();
    current.answer.paintThoughts();
  });
  keepingTail($("timeline"), () => current.timeline.paint());
  showMeasures(current);
}

/** Whoever has not scrolled up stays at the end. */
function keepingTail(scroller, change) {
  const atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 24;
  change();
  if (atEnd) scroller.scrollTop = scroller.scrollHeight;
}
