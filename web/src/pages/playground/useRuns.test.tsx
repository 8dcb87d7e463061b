import { act, cleanup, renderHook, waitFor } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { useRuns } from "./runs";

afterEach(cleanup);

const said = (event: string, data: unknown) => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
const DONE = { id: "e1", status: "success", output: "Hello", usage: {}, cost_nusd: 1, latency_ms: 5 };

it("waits for a run that still goes on under its key, and takes its answer", async () => {
  const keys: (string | null)[] = [];
  const answers = [
    () => new Response(JSON.stringify({ error: { message: "It still runs.", code: "in_progress", retryable: true } }), { status: 409, headers: { "retry-after": "0.001" } }),
    () => new Response(said("delta", { text: "Hel" }) + said("done", DONE), { headers: { "x-execution-id": "e1" } }),
  ];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (_, init) => {
    keys.push(new Headers(init?.headers).get("idempotency-key"));
    return (answers.shift() ?? (() => new Response("", { status: 500 })))();
  });
  const { result } = renderHook(() => useRuns());
  act(() => void result.current.start(0, { body: { prompt: "a" }, input: "" }));
  await waitFor(() => expect(result.current.runs[0]?.phase).toBe("done"));
  expect([result.current.runs[0]?.text, keys.length, new Set(keys).size]).toEqual(["Hello", 2, 1]);
});

it("fails at once where 409 means something else", async () => {
  const asked = vi.spyOn(globalThis, "fetch").mockImplementation(async () => new Response(JSON.stringify({ error: { message: "Another body.", code: "idempotency_mismatch", retryable: false } }), { status: 409 }));
  const { result } = renderHook(() => useRuns());
  act(() => void result.current.start(0, { body: {}, input: "" }));
  await waitFor(() => expect(result.current.runs[0]?.phase).toBe("failed"));
  expect([asked.mock.calls.length, result.current.runs[0]?.error?.message]).toEqual([1, "Another body."]);
});

const EXECUTION = () => new Response(JSON.stringify({ ...DONE, status: "cancelled" }), { headers: { "content-type": "application/json" } });
const brokenOff = () => new Response(said("delta", { text: "Hel" }), { headers: { "x-execution-id": "e1" } });

/** An answer that goes on until it is aborted. */
function goesOn(signal: AbortSignal | null | undefined): Response {
  const body = new ReadableStream<Uint8Array>({
    start: (control) => {
      control.enqueue(new TextEncoder().encode(said("delta", { text: "Hel" })));
      signal?.addEventListener("abort", () => control.error(new DOMException("aborted", "AbortError")));
    },
  });
  return new Response(body, { headers: { "x-execution-id": "e1" } });
}

/** A run whose connection was lost, and what its stream answers from then on. */
async function lost(next: (signal: AbortSignal | null | undefined) => Response | Promise<Response>) {
  const keys: (string | null)[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (given, init) => {
    if (given instanceof Request) return EXECUTION();
    keys.push(new Headers(init?.headers).get("idempotency-key"));
    return keys.length === 1 ? brokenOff() : next(init?.signal);
  });
  const phases: unknown[] = [];
  const { result } = renderHook(() => {
    const found = useRuns();
    phases.push(found.runs[0]?.phase);
    return found;
  });
  act(() => void result.current.start(0, { body: { prompt: "a" }, input: "" }));
  await waitFor(() => expect(result.current.runs[0]?.phase).toBe("lost"));
  return { result, keys, phases };
}

it("stops a run that goes on after its connection was lost, and fetches what it cost", async () => {
  const { result, keys } = await lost(goesOn);
  act(() => void window.dispatchEvent(new Event("online")));
  await waitFor(() => expect(result.current.runs[0]?.phase).toBe("running"));
  act(() => result.current.stop(0));
  await waitFor(() => expect(result.current.runs[0]?.phase).toBe("stopped"));
  await waitFor(() => expect(result.current.runs[0]?.outcome?.status).toBe("cancelled"));
  expect([keys.length, new Set(keys).size]).toEqual([2, 1]);
});

it("asks no more for a run that is stopped while its connection is lost, and says so", async () => {
  const { result, keys } = await lost(goesOn);
  act(() => result.current.stop(0));
  await waitFor(() => expect(result.current.runs[0]?.phase).toBe("stopped"));
  act(() => void window.dispatchEvent(new Event("online")));
  await act(() => new Promise((resolve) => setTimeout(resolve, 20)));
  expect([keys.length, result.current.runs[0]?.phase]).toEqual([1, "stopped"]);
});

it("goes on, and says nothing of being stopped, where somebody asks at once for what was lost", async () => {
  let answer: (response: Response) => void = () => undefined;
  const { result, keys, phases } = await lost(() => new Promise((resolve) => (answer = resolve)));
  await act(async () => result.current.resume(0));
  await act(async () => answer(new Response(said("done", DONE))));
  await waitFor(() => expect(result.current.runs[0]?.phase).toBe("done"));
  expect(phases).not.toContain("stopped");
  expect([keys.length, new Set(keys).size]).toEqual([2, 1]);
});
