// The hook in a page: React and a document come from web/node_modules, Burnish is real.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import test, { afterEach } from "node:test";
import { pathToFileURL } from "node:url";

const page = createRequire(process.env.SDK_PAGE);
const { Window } = await import(pathToFileURL(page.resolve("happy-dom")).href);
const window = new Window({ url: "http://localhost/" });
// Only what drawing needs: requests are Node's own, as they are a browser's there.
Object.assign(globalThis, { window, document: window.document, IS_REACT_ACT_ENVIRONMENT: true });
if (!globalThis.navigator) globalThis.navigator = window.navigator;
for (const name of ["HTMLElement", "HTMLIFrameElement", "Element", "Node", "Event", "MutationObserver"]) globalThis[name] = window[name];

const { createElement, StrictMode } = await import("react");
const { act, cleanup, renderHook, waitFor } = await import(pathToFileURL(page.resolve("@testing-library/react")).href);
const { ApiError, Burnish } = await import("@burnish/client");
const { BurnishProvider, usePrompt } = await import("@burnish/client/react");

const PROMPT = process.env.SDK_PROMPT;
const SLOW = process.env.SDK_SLOW;
const WORDS = { messages: [{ role: "user", content: "Write 300 words." }], model: SLOW };
const burnish = new Burnish();
const PATIENCE = { timeout: 120_000 };

/** The hook with a prompt that is slow to end, whatever slug it is given. */
const slow = Object.assign(Object.create(burnish), { stream: (_slug, _variables, { signal }) => burnish.stream({ ...WORDS, signal }) });

function used(options = {}, client = burnish, slug = PROMPT) {
  const states = [];
  const wrapper = ({ children }) => createElement(StrictMode, null, createElement(BurnishProvider, { client }, children));
  const hook = renderHook(() => {
    const now = usePrompt(slug, options);
    states.push(now);
    return now;
  }, { wrapper });
  return { ...hook, states };
}
afterEach(cleanup);

test("a run is loading, then streaming, then whole", async () => {
  const { result } = used();
  assert.deepEqual([result.current.loading, result.current.streaming, result.current.text, result.current.result, result.current.error], [false, false, "", null, null]);
  let running;
  act(() => {
    running = result.current.execute({ name: "Ada" });
  });
  assert.equal(result.current.loading, true);
  let answer;
  await act(async () => {
    answer = await running;
  });
  assert.equal(answer.status, "success");
  assert.deepEqual([result.current.loading, result.current.streaming, result.current.text, result.current.error], [false, false, answer.output, null]);
  assert.equal(result.current.result, answer);
});

test("the text grows while it streams, and cancel ends the call and keeps what has come", async () => {
  const { result } = used({}, slow);
  let running;
  act(() => {
    running = result.current.execute();
  });
  assert.equal(result.current.loading, true);
  await waitFor(() => assert.ok(result.current.streaming && result.current.text.length > 10), PATIENCE);
  act(() => result.current.cancel());
  assert.deepEqual([result.current.loading, result.current.streaming, result.current.error, result.current.result], [false, false, null, null]);
  const kept = result.current.text;
  assert.equal(await running, null);
  assert.equal(result.current.text, kept);
  act(() => result.current.reset());
  assert.equal(result.current.text, "");
});

test("a newer run takes the place of an older one", async () => {
  const { result } = used({}, Object.assign(Object.create(burnish), { stream: (slug, variables, given) => (variables.name === "slow" ? slow.stream(slug, variables, given) : burnish.stream(slug, variables, given)) }));
  let first;
  act(() => {
    first = result.current.execute({ name: "slow" });
  });
  await waitFor(() => assert.ok(result.current.text), PATIENCE);
  let second;
  await act(async () => {
    second = await result.current.execute({ name: "Ada" });
  });
  assert.equal(await first, null);
  assert.equal(result.current.text, second.output);
});

test("without streaming the whole comes at once", async () => {
  const { result, states } = used({ stream: false, user_id: "react" });
  await act(async () => {
    await result.current.execute({ name: "Ada" });
  });
  assert.equal(result.current.text, result.current.result.output);
  assert.ok(states.every((one) => !one.streaming));
});

test("a refusal is the error of the hook, and the next run forgets it", async () => {
  const { result } = used();
  await act(async () => assert.equal(await result.current.execute({}), null));
  assert.ok(result.current.error instanceof ApiError && result.current.error.code === "missing_variables");
  assert.equal(result.current.loading, false);
  await act(async () => {
    await result.current.execute({ name: "Ada" });
  });
  assert.equal(result.current.error, null);
});

test("leaving the page ends the call", async () => {
  let signal;
  const watched = Object.assign(Object.create(burnish), { stream: (_slug, _variables, given) => burnish.stream({ ...WORDS, signal: (signal = given.signal) }) });
  const { result, unmount } = used({}, watched);
  let running;
  act(() => {
    running = result.current.execute();
  });
  await waitFor(() => assert.ok(result.current.text), PATIENCE);
  unmount();
  assert.equal(signal.aborted, true);
  assert.equal(await running, null);
});

test("without a client it says how to give one", async () => {
  const { result } = renderHook(() => usePrompt(PROMPT));
  await assert.rejects(result.current.execute({}), /BurnishProvider/);
});
