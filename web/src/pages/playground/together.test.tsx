import { act, cleanup, renderHook, waitFor } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { useRuns } from "./runs";

afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

const said = (event: string, data: unknown) => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
const START = said("start", { executions: [{ index: 0, id: "e0" }, { index: 1, id: "e1" }] });
const done = (index: number, output: string) => said("done", { index, id: `e${index}`, status: "success", output, usage: {}, cost_nusd: 1, latency_ms: 5 });
const END = said("end", { succeeded: 2, failed: 0, cost_nusd: 2 });
const REQUESTS = [0, 1].map(() => ({ body: { prompt: "a", variables: {} }, input: "" }));
const BODY = { variants: [{ prompt: "a" }, { prompt: "b" }] };

type Asked = { path: string; key: string | null };

/** A gateway that answers comparisons by `compared`, one after the other, and everything else by `other`. */
function gateway(compared: (() => Response)[], other: (path: string) => Response) {
  const asked: Asked[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (given, init) => {
    const path = new URL(given instanceof Request ? given.url : String(given), "http://x").pathname;
    asked.push({ path, key: new Headers(init?.headers).get("idempotency-key") });
    if (path.endsWith("/compare")) return (compared.shift() ?? (() => new Response("", { status: 500 })))();
    return other(path);
  });
  return asked;
}

const json = (data: unknown) => new Response(JSON.stringify(data), { headers: { "content-type": "application/json" } });

it("asks for all columns by one connection, and tells their answers apart", async () => {
  const asked = gateway([() => new Response(START + said("delta", { index: 1, text: "Bo" }) + said("delta", { index: 0, text: "An" }) + done(1, "Bob") + done(0, "Ann") + END)], () => json({}));
  const { result } = renderHook(() => useRuns());
  act(() => result.current.startAll(REQUESTS, BODY));
  await waitFor(() => expect(result.current.runs.map((run) => run?.phase)).toEqual(["done", "done", undefined]));
  expect(result.current.runs.slice(0, 2).map((run) => [run?.text, run?.executionId])).toEqual([["Ann", "e0"], ["Bob", "e1"]]);
  expect(asked).toHaveLength(1);
});

it("fails one side by itself", async () => {
  gateway([() => new Response(START + said("error", { index: 0, error: { message: "No such model.", code: "not_found" } }) + done(1, "Bob") + END)], () => json({ status: "error", usage: {} }));
  const { result } = renderHook(() => useRuns());
  act(() => result.current.startAll(REQUESTS, BODY));
  await waitFor(() => expect(result.current.runs[1]?.phase).toBe("done"));
  expect([result.current.runs[0]?.phase, result.current.runs[0]?.error?.message]).toEqual(["failed", "No such model."]);
});

it("stops one side and lets the others go on", async () => {
  let say: (text: string) => void = () => undefined;
  const open = new ReadableStream<Uint8Array>({ start: (control) => void (say = (text) => control.enqueue(new TextEncoder().encode(text))) });
  const asked = gateway([() => new Response(open)], () => json({ id: "e0", status: "cancelled", usage: {} }));
  const { result } = renderHook(() => useRuns());
  act(() => result.current.startAll(REQUESTS, BODY));
  await act(async () => say(START));
  await waitFor(() => expect(result.current.runs[0]?.executionId).toBe("e0"));
  act(() => result.current.stop(0));
  expect(result.current.runs.map((run) => run?.phase)).toEqual(["stopped", "running", undefined]);
  await act(async () => say(said("error", { index: 0, error: { message: "Stopped.", code: "cancelled" } }) + done(1, "Bob") + END));
  await waitFor(() => expect(result.current.runs.map((run) => run?.phase)).toEqual(["stopped", "done", undefined]));
  expect(asked.map((one) => one.path)).toContain("/v1/executions/e0/cancel");
});

it("asks each alone where all together are refused because of one", async () => {
  const asked = gateway([() => new Response(JSON.stringify({ error: { message: "No such version.", code: "not_found" } }), { status: 404 })], () => new Response(said("done", { id: "e9", status: "success", output: "Alone", usage: {}, cost_nusd: 1, latency_ms: 5 })));
  const { result } = renderHook(() => useRuns());
  act(() => result.current.startAll(REQUESTS, BODY));
  await waitFor(() => expect(result.current.runs.map((run) => run?.text)).toEqual(["Alone", "Alone", undefined]));
  const alone = asked.filter((one) => one.path === "/v1/executions");
  expect([alone.length, new Set(alone.map((one) => one.key)).size]).toEqual([2, 2]);
});

it("asks nobody alone where credit stands in the way of all", async () => {
  const asked = gateway([() => new Response(JSON.stringify({ error: { message: "Not enough credit.", code: "out_of_credit" } }), { status: 402 })], () => json({}));
  const { result } = renderHook(() => useRuns());
  act(() => result.current.startAll(REQUESTS, BODY));
  await waitFor(() => expect(result.current.runs.map((run) => run?.phase)).toEqual(["failed", "failed", undefined]));
  expect(asked).toHaveLength(1);
});

it("asks again under the same key for what was lost", async () => {
  const asked = gateway([() => new Response(START + said("delta", { index: 0, text: "An" }) + done(1, "Bob")), () => new Response(START + said("delta", { index: 0, text: "Ann" }) + done(0, "Ann") + done(1, "Bob") + END)], () => json({}));
  const { result } = renderHook(() => useRuns());
  act(() => result.current.startAll(REQUESTS, BODY));
  // It goes by itself after a moment.
  await waitFor(() => expect(result.current.runs.map((run) => run?.phase)).toEqual(["done", "done", undefined]));
  expect(result.current.runs.map((run) => run?.text)).toEqual(["Ann", "Bob", undefined]);
  expect([asked.length, new Set(asked.map((one) => one.key)).size]).toEqual([2, 1]);
});
