/** Server-sent events out of a response's body (HTML Standard, 9.2.6), however its bytes are cut. */

export type ServerEvent = { event: string; data: string; id: string };

/** So many characters may one event hold; the longest answer has a part of them. More is refused before it fills the memory. */
const EVENT_MOST = 64 * 2 ** 20;

/** Takes text in any pieces and gives the events that are complete. */
export class EventParser {
  #rest = "";
  #looked = 0;
  #held = 0;
  #data: string[] = [];
  #event = "";
  #id = "";
  #first = true;
  #afterCr = false;
  /** Milliseconds that the server asks to wait before the next try; null where it does not. */
  retryMs: number | null = null;

  constructor(private readonly most = EVENT_MOST) {}

  /** Throws where an event grows beyond `most` characters. */
  push(text: string): ServerEvent[] {
    let given = text;
    if (this.#first && given) {
      this.#first = false;
      if (given.startsWith("\ufeff")) given = given.slice(1);
    }
    // A CR that ended the piece before has ended its line: an LF that follows belongs to it.
    if (this.#afterCr && given) {
      this.#afterCr = false;
      if (given.startsWith("\n")) given = given.slice(1);
    }
    this.#rest += given;
    const events: ServerEvent[] = [];
    for (;;) {
      const ends = /\r\n|\r|\n/g;
      ends.lastIndex = this.#looked;
      const end = ends.exec(this.#rest);
      this.#looked = end ? 0 : this.#rest.length;
      if (this.#held + (end ? end.index : this.#looked) > this.most) throw new RangeError(`The answer is too long to be shown here: one event has more than ${this.most} characters`);
      if (!end) return events;
      const line = this.#rest.slice(0, end.index);
      this.#rest = this.#rest.slice(end.index + end[0].length);
      if (end[0] === "\r" && this.#rest === "") this.#afterCr = true;
      const event = this.#line(line);
      if (event) events.push(event);
    }
  }

  #line(line: string): ServerEvent | null {
    if (line === "") return this.#dispatch();
    if (line.startsWith(":")) return null;
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") {
      this.#data.push(value);
      this.#held += value.length + 1; // empty ones fill the memory too
    } else if (field === "event") this.#event = value;
    else if (field === "id" && !value.includes("\0")) this.#id = value;
    else if (field === "retry" && /^\d+$/.test(value)) this.retryMs = Number(value);
    return null;
  }

  #dispatch(): ServerEvent | null {
    const event = this.#data.length > 0 ? { event: this.#event || "message", data: this.#data.join("\n"), id: this.#id } : null;
    this.#data = [];
    this.#held = 0;
    this.#event = "";
    return event;
  }
}

/** The events of a body, one after the other, until it ends. Throws what reading it throws. */
export async function* serverEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const parser = new EventParser();
  const decoder = new TextDecoder();
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield* parser.push(decoder.decode(value, { stream: true }));
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
}
