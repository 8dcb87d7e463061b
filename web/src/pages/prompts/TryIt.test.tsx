import { act, cleanup, renderHook, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { useTrial } from "./TryIt";

const DRAFT = { changed: [], base: { version: 3 }, template: { error: null, template: {} }, content: {} } as never;
const FOUND = { values: { who: "Ada" }, missing: [], faults: {} } as never;
const OUTCOME = { id: "e1", status: "success", output: "Hello Ada", usage: { input_tokens: 1, output_tokens: 2 }, cost_nusd: 1, latency_ms: 5, simulated: true };

const said = (event: string, data: unknown) => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
const whole = () => new Response(said("delta", { text: "Hello " }) + said("done", OUTCOME));
const broken = () => new Response(said("delta", { text: "Hel" }));
const busy = () => new Response(JSON.stringify({ error: { message: "It still runs.", code: "in_progress", retryable: true } }), { status: 409, headers: { "retry-after": "0.001" } });
const refused = () => new Response(JSON.stringify({ error: { message: "Another body.", code: "idempotency_mismatch", retryable: false } }), { status: 409 });

let keys: (string | null)[];
let answers: (() => Response)[];

beforeEach(() => {
  keys = [];
  answers = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (_, init) => {
    keys.push(new Headers(init?.headers).get("idempotency-key"));
    const answer = answers.shift();
    if (!answer) throw new TypeError("Failed to fetch");
    return answer();
  });
});

afterEach(cleanup);

async function run(trial: ReturnType<typeof renderHook<ReturnType<typeof useTrial>, unknown>>["result"]) {
  act(() => trial.current.start());
  await waitFor(() => expect(trial.current.trial?.isRunning).toBe(false));
}

it("runs each press under a key of its own", async () => {
  answers = [whole, whole];
  const { result } = renderHook(() => useTrial("greet", DRAFT, FOUND));
  await run(result);
  expect(result.current.trial?.text).toBe("Hello Ada");
  await run(result);
  expect(keys).toHaveLength(2);
  expect(keys[0]).toMatch(/^page-.{20,}/);
  expect(keys[1]).not.toBe(keys[0]);
});

it("asks for an answer that was lost under its key, so that it is paid once, and for the next one anew", async () => {
  const { result } = renderHook(() => useTrial("greet", DRAFT, FOUND));
  await run(result); // Nobody answers.
  answers = [broken, whole, whole];
  await run(result);
  expect((result.current.trial?.error as Error | null)?.message).toContain("not paid twice");
  await run(result);
  expect(result.current.trial?.outcome?.id).toBe("e1");
  expect(new Set(keys).size).toBe(1);
  await run(result);
  expect(keys[3]).not.toBe(keys[0]);
});

it("waits while the first request under its key still runs, and not where the API means something else", async () => {
  answers = [busy, busy, whole];
  const { result } = renderHook(() => useTrial("greet", DRAFT, FOUND));
  await run(result);
  expect([keys.length, new Set(keys).size, result.current.trial?.outcome?.id]).toEqual([3, 1, "e1"]);
  answers = [refused];
  await run(result);
  expect([keys.length, (result.current.trial?.error as Error | null)?.message]).toEqual([4, "Another body."]);
});

it("asks for another body under a key of its own, also where the answer before was lost", async () => {
  const shown = renderHook(({ draft }) => useTrial("greet", draft, FOUND), { initialProps: { draft: DRAFT } });
  await run(shown.result); // Nobody answers.
  answers = [whole];
  shown.rerender({ draft: { changed: [], base: { version: 4 }, template: { error: null, template: {} }, content: {} } as never });
  await run(shown.result);
  expect(keys).toHaveLength(2);
  expect(keys[1]).not.toBe(keys[0]);
});

it("begins no second run while one is under way, by its key as well, and one more after that was stopped", async () => {
  vi.mocked(fetch).mockImplementation((_, init) => {
    keys.push(new Headers(init?.headers).get("idempotency-key"));
    return new Promise((_answer, refuse) => init?.signal?.addEventListener("abort", () => refuse(new DOMException("Aborted", "AbortError"))));
  });
  const { result } = renderHook(() => useTrial("greet", DRAFT, FOUND));
  act(() => result.current.start());
  act(() => (result.current.start(), result.current.start()));
  expect([keys.length, result.current.trial?.isRunning]).toEqual([1, true]);
  await act(async () => result.current.stop());
  act(() => result.current.start());
  await waitFor(() => expect(keys).toHaveLength(2));
  expect(result.current.trial?.isRunning).toBe(true);
});
