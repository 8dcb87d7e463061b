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
const { BurnishProvider, useFeedback, usePrompt } = await import("@burnish/client/react");

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

test("a signal of one's own that comes as the answer does ends the loading", async () => {
  const own = new AbortController();
  const last = Object.assign(Object.create(burnish), {
    execute: async (...given) => {
      const answer = await burnish.execute(...given.slice(0, 2));
      own.abort();
      return answer;
    },
  });
  const { result } = used({ stream: false }, last);
  let said;
  await act(async () => {
    said = await result.current.execute({ name: "Ada" }, { signal: own.signal });
  });
  assert.deepEqual([said, result.current.loading, result.current.result, result.current.error], [null, false, null, null]);
});

test("without a client it says how to give one", async () => {
  const { result } = renderHook(() => usePrompt(PROMPT));
  await assert.rejects(result.current.execute({}), /BurnishProvider/);
});

/** The hook of reactions to `id`, which may change; and what was sent. `answer`: in place of Burnish's own. */
function reacting(id, { answer, ...options } = {}) {
  const sent = [];
  const client = Object.assign(Object.create(burnish), {
    feedback: (of, reaction) => {
      sent.push([of, reaction]);
      return answer ? answer(sent.length) : burnish.feedback(of, reaction);
    },
  });
  const wrapper = ({ children }) => createElement(StrictMode, null, createElement(BurnishProvider, { client }, children));
  return { sent, ...renderHook((props) => useFeedback(props.id, options), { wrapper, initialProps: { id } }) };
}

test("a thumb is pressed at once, known to Burnish, and changed by a later one", async () => {
  const { id } = await burnish.execute(PROMPT, { name: "Ada" });
  const { result } = reacting(id, { user_id: "react-thumbs" });
  assert.deepEqual([result.current.thumb, result.current.sending, result.current.error], [null, false, null]);
  let said;
  act(() => {
    said = result.current.react({ thumb: "up" });
  });
  assert.deepEqual([result.current.thumb, result.current.sending], ["up", true]);
  await act(async () => assert.ok(await said));
  assert.deepEqual([result.current.thumb, result.current.sending], ["up", false]);
  await act(async () => assert.ok(await result.current.react({ thumb: "down", comment: "Too stiff." })));
  assert.equal(result.current.thumb, "down");
  const kept = async () => (await burnish.request("GET", `/v1/executions/${id}`)).feedback.filter((one) => one.kind === "thumb").map((one) => [one.user_id, one.thumb]);
  while (JSON.stringify(await kept()) !== '[["react-thumbs","down"]]') await new Promise((resolve) => setTimeout(resolve, 100));
});

test("reactions are sent one after the other, and the last one stands", async () => {
  const let_go = [];
  const { result, sent } = reacting("e-1", { answer: () => new Promise((resolve) => let_go.push(resolve)) });
  let both;
  act(() => {
    both = [result.current.react({ thumb: "up" }), result.current.react({ thumb: "down" })];
  });
  await waitFor(() => assert.equal(let_go.length, 1), PATIENCE);
  assert.deepEqual([sent.length, result.current.thumb], [1, "down"]);
  await act(async () => {
    let_go[0]("f-1");
    await both[0];
  });
  assert.deepEqual([result.current.thumb, result.current.sending], ["down", true]);
  await waitFor(() => assert.equal(let_go.length, 2), PATIENCE);
  await act(async () => {
    let_go[1]("f-2");
    await both[1];
  });
  assert.deepEqual([sent.map(([, one]) => one.thumb), result.current.thumb, result.current.sending], [["up", "down"], "down", false]);
});

test("a thumb that could not be sent jumps back and says why", async () => {
  const { result } = reacting("e-1", { answer: async (count) => (count === 1 ? "f-1" : Promise.reject(new Error("away"))) });
  await act(async () => assert.equal(await result.current.react({ thumb: "up" }), "f-1"));
  await act(async () => assert.equal(await result.current.react({ thumb: "down" }), null));
  assert.deepEqual([result.current.thumb, result.current.error?.message, result.current.sending], ["up", "away", false]);
});

test("another answer begins unpressed, and before there is one nothing is sent", async () => {
  const { result, rerender, sent } = reacting(undefined, { answer: async () => "f" });
  await act(async () => assert.equal(await result.current.react({ thumb: "up" }), null));
  assert.deepEqual([sent.length, result.current.thumb], [0, null]);
  rerender({ id: "e-1" });
  await act(async () => assert.equal(await result.current.react({ thumb: "up" }), "f"));
  assert.equal(result.current.thumb, "up");
  rerender({ id: "e-2" });
  assert.equal(result.current.thumb, null);
});
