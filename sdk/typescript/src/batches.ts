/** How long a batch is waited for, and reading its results through as many answers as that takes. */
import { ApiError, NotReached } from "./errors.js";
import type { Batch } from "./types.js";
import { type Call, waitMsFor, whyOf } from "./wire.js";

const ENDED: ReadonlySet<string> = new Set(["completed", "failed", "expired", "cancelled"]);
/** The `pause_reason` of somebody who will resume it. All others are for somebody to mend, who has to be told first. */
const BY_A_PERSON = "asked";
/** The status of the server's last line that says it could not read on: its headers were out before. */
const BROKE_OFF = 503;

/** Whether waiting is no more use: it ended, or has paused itself. */
export function isOver(batch: Batch): boolean {
  return ENDED.has(batch.status) || (batch.status === "paused" && batch.pause_reason !== BY_A_PERSON);
}

/** Where the reading stands. `nextLine`: of the batch, from 0. `tries`: answers in a row of which none brings anything. */
export class Results {
  private failed = 0;
  private knowsPlace = true;

  constructor(
    private readonly batchId: string,
    private nextLine: number,
    private readonly tries: number,
  ) {}

  /** GET …/results from the next line on, as JSON lines. */
  get call(): Call {
    return { method: "GET", path: `/v1/batches/${encodeURIComponent(this.batchId)}/results`, query: { from_line: this.nextLine || undefined } };
  }

  /** Throws ApiError where this row is none, but the server's word that it broke off. */
  take(row: unknown): void {
    if (typeof row !== "object" || row === null) throw new SyntaxError("a result is an object");
    if (Object.keys(row).join() === "error") throw new ApiError(BROKE_OFF, row);
    const line = "line" in row && typeof row.line === "number" ? row.line : null;
    this.knowsPlace = line !== null;
    if (line !== null) this.goTo(line + 1);
  }

  /** Milliseconds to wait before reading on. Throws where it is no use: ApiError with the server's own word, else NotReached. */
  broke(error: unknown): number {
    const refusal = error instanceof ApiError ? error : null;
    const details = refusal?.details;
    if (typeof details === "object" && details !== null && "from_line" in details && typeof details.from_line === "number") {
      this.knowsPlace = true;
      this.goTo(details.from_line);
    }
    this.failed += 1;
    if ((refusal?.retryable ?? true) && this.knowsPlace && this.failed < this.tries) {
      const afterS = refusal?.retryAfterS ?? null;
      return waitMsFor(this.failed - 1, afterS === null ? null : String(afterS));
    }
    throw refusal ?? new NotReached(`The results of batch ${this.batchId} broke off (${whyOf(error)}); read on with fromLine ${this.nextLine}.`, { cause: error });
  }

  private goTo(line: number): void {
    if (line <= this.nextLine) return;
    this.nextLine = line;
    this.failed = 0;
  }
}
