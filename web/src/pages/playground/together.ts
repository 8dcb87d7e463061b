/** All columns through one connection (`/v1/executions/compare`): held for together, each told apart by its side. */
import { change as send } from "@/api/hooks";
import { ApiError, asApiError } from "@/api/errors";
import { type Schema } from "@/api/client";
import { perFrame, stream } from "@/api/stream";
import { type Outcome, type Run, figuresOf } from "./runs";

/** What was asked at once. `sides`: the keys of its runs, in the order of the sides. */
export type Group = { key: string; body: Record<string, unknown>; sides: readonly string[] };
/** Where its runs are shown. `known`: a run as it is now; undefined where its column is gone. */
export type Sides = { isHere: { readonly current: boolean }; known: (key: string) => Run | undefined; change: (key: string, next: Partial<Run> | ((run: Run) => Partial<Run>)) => void };

export const sideKey = (group: string, index: number) => `${group}#${index}`;
export const goesOn = (run: Run | null | undefined): run is Run & { phase: "running" | "lost" } => run?.phase === "running" || run?.phase === "lost";

type Told = { index: number; text?: string; error?: ConstructorParameters<typeof ApiError>[1]; executions?: { index: number; id: string }[] };

/** Nobody is asked when one cannot be; then each is asked alone, so that the one at fault says so and the others answer. Not where credit or a
 * limit stands in the way of all. */
export function isOfOne(error: ApiError): boolean {
  return error.status >= 400 && error.status < 500 && ![401, 402, 403, 429].includes(error.status);
}

/** Ends one side; the others go on. */
export function cancelSide(executionId: string | null): void {
  if (executionId) void send("post", "/v1/executions/{execution_id}/cancel", { path: { execution_id: executionId } }).catch(() => undefined);
}

/** Asks all sides, or asks again for what was begun under the same key, and shows each as it comes. */
export async function followSides({ key, body, sides }: Group, signal: AbortSignal, { isHere, known, change }: Sides): Promise<"over" | "lost" | "aborted" | "refused"> {
  const texts = sides.map(() => "");
  const open = () => sides.filter((one) => goesOn(known(one)));
  const frames = perFrame<{ index: number; text: string }>((pieces) => {
    for (const { index, text } of pieces) texts[index] += text;
    for (const index of new Set(pieces.map((one) => one.index))) {
      const shown = texts[index] ?? "";
      change(sides[index] ?? "", (before) => (before.phase === "running" ? { text: shown, firstMs: before.firstMs ?? performance.now() - before.startedMs } : {}));
    }
  });
  const ended = (side: string, next: Partial<Run>) => {
    frames.flush();
    change(side, (before) => ({ totalMs: performance.now() - before.startedMs, ...next }));
  };
  const figures = (side: string, id: string | null) => void figuresOf(id, isHere).then((found) => (found ? change(side, { outcome: found }) : undefined));
  const all = (next: Partial<Run>) => {
    for (const side of open()) ended(side, next);
  };
  try {
    for await (const event of stream("/v1/executions/compare", { method: "POST", body: { ...body, stream: true }, headers: { "Idempotency-Key": key }, signal })) {
      const told = JSON.parse(event.data) as Told;
      const side = sides[told.index] ?? "";
      const run = known(side);
      if (event.event === "start") {
        for (const { index, id } of told.executions ?? []) {
          const one = known(sides[index] ?? "");
          if (goesOn(one)) change(sides[index] ?? "", { executionId: id, phase: "running", error: null });
          else if (!one || one.phase === "stopped") cancelSide(id); // Stopped before it had a name.
        }
      } else if (event.event === "delta") frames.push({ index: told.index, text: told.text ?? "" });
      else if (event.event === "done" && goesOn(run)) {
        const outcome = told as unknown as Schema<"Outcome">;
        ended(side, { phase: "done", outcome: outcome as Outcome, executionId: outcome.id, ...(outcome.output === null || outcome.output === undefined ? {} : { text: outcome.output }) });
      } else if (event.event === "error") {
        if (goesOn(run)) ended(side, { phase: "failed", error: new ApiError(502, told.error as never) });
        figures(side, run?.executionId ?? null);
      } else if (event.event === "end") return "over";
    }
    if (!signal.aborted) {
      all({ phase: "lost" });
      return "lost";
    }
  } catch (caught) {
    if (!signal.aborted) {
      const error = asApiError(caught);
      if (error.isConnection) {
        all({ phase: "lost", error });
        return "lost";
      }
      if (isOfOne(error)) return "refused";
      all({ phase: "failed", error });
      return "over";
    }
  }
  frames.flush();
  return "aborted";
}
