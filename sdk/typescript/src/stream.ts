/** An answer piece by piece. */
import { serverEvents } from "./carried/sse.js";
import { ApiError, leaveIfAborted, refusalOf, StreamBroke } from "./errors.js";
import type { Execution } from "./types.js";
import { type Answer, whyOf } from "./wire.js";

/** `for await (const text of pieces) …`; `pieces.result` afterwards. It begins when it is first read, and is read once.
 *
 * Leaving the loop early ends the call of the model, and pays for what it produced; so does `cancel()`, after which the loop ends. A stream
 * that broke off throws StreamBroke; it is not begun again by itself, because what was shown to somebody cannot be taken back.
 */
export class TextStream implements AsyncIterable<string> {
  /** Known as soon as the server has answered. */
  executionId: string | null = null;
  /** What has come so far. */
  text = "";
  /** The whole answer, at the end. */
  result: Execution | null = null;
  private hasBegun = false;
  private readonly own = new AbortController();

  constructor(
    private readonly open: (signal: AbortSignal) => Promise<Answer>,
    private readonly outer: AbortSignal | undefined,
  ) {}

  cancel(): void {
    this.own.abort();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string, void, undefined> {
    if (this.hasBegun) throw new TypeError("A stream is read once: begin another.");
    this.hasBegun = true;
    const leave = () => this.own.abort();
    this.outer?.addEventListener("abort", leave, { once: true });
    if (this.outer?.aborted) leave();
    try {
      yield* this.pieces();
    } catch (error) {
      leaveIfAborted(this.outer);
      if (!this.own.signal.aborted) throw error;
    } finally {
      this.outer?.removeEventListener("abort", leave);
      this.own.abort();
    }
  }

  private async *pieces(): AsyncGenerator<string, void, undefined> {
    const answer = await this.open(this.own.signal);
    const { response, end } = answer;
    this.executionId = response.headers.get("x-execution-id");
    try {
      if (response.body === null) throw this.broke("The answer is empty");
      for await (const { event, data } of serverEvents(timed(response.body, answer))) {
        const said = this.parsed(data);
        if (event === "delta") {
          const piece = typeof said.text === "string" ? said.text : "";
          this.text += piece;
          yield piece;
        } else if (event === "done") this.result = said as Execution;
        else if (event === "error") throw refusalOf(typeof said.status === "number" ? said.status : 502, "error" in said ? said : { error: said }, response.headers.get("x-request-id"));
      }
    } catch (error) {
      if (error instanceof ApiError || error instanceof StreamBroke) throw error;
      throw this.broke(`The connection broke off (${whyOf(error)})`, error);
    } finally {
      end();
    }
    if (this.result === null) throw this.broke("The stream ended before its last event");
  }

  private parsed(data: string): Partial<Execution> & Record<string, unknown> {
    try {
      return JSON.parse(data) as Partial<Execution> & Record<string, unknown>;
    } catch (error) {
      throw this.broke("The stream holds what is no JSON", error);
    }
  }

  private broke(why: string, cause?: unknown): StreamBroke {
    return new StreamBroke(`${why}, after ${this.text.length} characters.`, this.text, this.executionId, { cause });
  }
}

/** The same body, of which a silence of the server is told from a reader that takes its time. The server sends a sign of life every few
 *  seconds; nothing is read ahead, so that the time runs while somebody reads, and only then. */
export function timed(body: ReadableStream<Uint8Array>, { touch, rest }: Answer): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  rest();
  return new ReadableStream(
    {
      async pull(controller) {
        touch();
        const { done, value } = await reader.read().finally(rest);
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

/** Each line of a body that is not empty, parsed. */
export async function* jsonLines<T>(answer: Answer): AsyncGenerator<T, void, undefined> {
  const decoder = new TextDecoder();
  const reader = timed(answer.response.body ?? new Blob([]).stream(), answer).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      rest += done ? decoder.decode() : decoder.decode(value, { stream: true });
      const lines = rest.split("\n");
      rest = done ? "" : (lines.pop() ?? "");
      for (const line of lines) if (line.trim()) yield JSON.parse(line) as T;
      if (done) return;
    }
  } finally {
    answer.end();
    reader.cancel().catch(() => undefined);
  }
}
