import { RouterProvider, createBrowserHistory, createRootRoute, createRoute, createRouter } from "@tanstack/react-router";
import { act, cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, it } from "vitest";
import { parseSearch, stringifySearch } from "@/lib/url-state";
import { newColumn, readPlayground, writePlayground } from "./state";
import { usePlayground } from "./usePlayground";

let history: ReturnType<typeof createBrowserHistory>;
beforeEach(() => {
  sessionStorage.clear();
  window.history.replaceState(null, "", "/");
});
afterEach(() => {
  cleanup();
  history.destroy();
});

function Shown() {
  const { state, setColumn } = usePlayground();
  return (
    <>
      <p>{`Shown: ${state.columns[0]?.messages[0]?.content}`}</p>
      <button type="button" onClick={() => setColumn(0, { kind: "messages", model: "n", messages: [{ role: "user", content: "typed" }] })}>Type</button>
    </>
  );
}

async function shown(first: string, state: object = {}) {
  window.history.replaceState({ ...state, by: undefined }, "", first);
  history = createBrowserHistory();
  const root = createRootRoute();
  const page = createRoute({ getParentRoute: () => root, path: "/", component: Shown });
  const other = createRoute({ getParentRoute: () => root, path: "/other", component: () => <p>Elsewhere</p> });
  const router = createRouter({ routeTree: root.addChildren([page, other]), history, parseSearch, stringifySearch });
  render(<RouterProvider router={router as never} />);
  await screen.findByText(/^(Shown|Elsewhere)/);
  return router;
}

const ofBefore = (content: string, ...words: string[]) => `#${btoa(JSON.stringify({ m: [[{ role: "user", content, t: words.map((text) => ({ type: "text", text })) }]] })).replace(/=+$/, "")}`;
const wordsHere = () => atob(window.location.hash.slice(1));

it("replaces an address of before that holds words that were edited away, also where one comes to it later", async () => {
  const router = await shown(`/?model=m&more=1${ofBefore("kept", "kept", "secret")}`);
  await waitFor(() => expect(wordsHere()).not.toMatch("secret"));
  expect(window.location.search).toBe("?model=m&more=1");
  screen.getByText("Shown: kept");
  expect(readPlayground({}, window.location.hash).columns[0]?.messages).toEqual([{ role: "user", content: "kept", texts: [{ type: "text", text: "kept" }] }]);
  const entries = window.history.length;
  await act(async () => router.navigate({ to: "/", search: { model: "n" } as never, hash: ofBefore("next", "next", "gone").slice(1) }));
  await screen.findByText("Shown: next");
  await waitFor(() => expect(wordsHere()).not.toMatch("gone"));
  expect(window.history.length).toBe(entries + 1);
});

it("leaves an address as it is that says all in its own words", async () => {
  const { hash } = writePlayground({ columns: [newColumn({ kind: "messages", messages: [{ role: "user", content: "kept" }] })], values: { x: "1" } });
  await shown(`/?model=m#${hash}`);
  expect(window.location.href).toMatch(`/?model=m#${hash}`);
});

const type = () => fireEvent.click(screen.getByText("Type"));

it.each([
  ["a link", (router: { navigate: (to: never) => Promise<void> }) => router.navigate({ to: "/other" } as never), () => window.history.back()],
  ["going back", async () => window.history.back(), () => window.history.forward()],
])("has what was typed just before %s when one comes back, and writes it then", async (_, leave, comeBack) => {
  const router = await shown("/other");
  await act(async () => router.navigate({ to: "/", search: { model: "m" } as never }));
  await screen.findByText("Shown:");
  type();
  await act(async () => leave(router as never));
  await screen.findByText("Elsewhere");
  await act(async () => comeBack());
  await screen.findByText("Shown: typed");
  await waitFor(() => expect(wordsHere()).toMatch("typed"));
  expect([window.location.pathname, window.location.search]).toEqual(["/", "?model=n"]);
  await waitFor(() => expect(sessionStorage).toHaveLength(0));
});

it("has what was typed just before the document was loaded again", async () => {
  await shown("/?model=m");
  const before = window.history.state as object;
  type();
  window.dispatchEvent(new Event("pagehide"));
  cleanup();
  history.destroy();
  await shown("/?model=m", before);
  screen.getByText("Shown: typed");
});

it("writes it at once where it goes and its entry stays, as when the session ends", async () => {
  await shown("/?model=m");
  type();
  cleanup();
  expect(window.location.search).toBe("?model=n");
  expect(wordsHere()).toMatch("typed");
  expect(sessionStorage).toHaveLength(0);
});
