// Reading a streamed answer while it comes.

/** Milliseconds of work without a break, after which the page gets its turn. */
const WORK_MS = 40;

/** The texts of a stream; a character split over two chunks comes with the second. */
async function* textsOf(body) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      yield decoder.decode(value, { stream: true });
    }
    yield decoder.decode();
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** The lines of a stream. Only \n ends one: texts may hold every other line break. */
async function* linesOf(body) {
  let parts = [];
  let since = performance.now();
  for await (const text of textsOf(body)) {
    let from = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", from)) {
      parts.push(text.slice(from, end));
      yield parts.join("");
      parts = [];
      from = end + 1;
      if (performance.now() - since > WORK_MS) {
        await new Promise((resolve) => setTimeout(resolve));
        since = performance.now();
      }
    }
    if (from < text.length) parts.push(text.slice(from));
  }
  if (parts.length) yield parts.join("");
}

/** The data of each frame of an SSE stream; a frame without data is {"event": its name}. */
async function* framesOf(body) {
  let data = [];
  let name = "";
  for await (const line of linesOf(body)) {
    if (line.startsWith("data:")) data.push(line.slice(line[5] === " " ? 6 : 5));
    else if (line.startsWith("event:")) name = line.slice(6).trim();
    else if (line === "" && (data.length || name)) {
      yield data.length ? data.join("\n") : JSON.stringify({ event: name });
      data = [];
      name = "";
    }
  }
}

/** The events of an answer, [event, its JSON], by the answer's content type. */
async function* eventsOf(response) {
  const sse = response.headers.get("Content-Type")?.startsWith("text/event-stream");
  for await (const raw of sse ? framesOf(response.body) : linesOf(response.body)) {
    if (!raw.trim()) continue;
    let event = null;
    try {
      event = JSON.parse(raw);
    } catch {
      // shown as it is
    }
    yield [isObject(event) && typeof event.event === "string" ? event : { event: "(not an event)" }, raw];
  }
}
