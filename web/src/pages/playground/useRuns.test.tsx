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
