import { RouterProvider, createBrowserHistory, createRootRoute, createRoute, createRouter } from "@tanstack/react-router";
import { act, cleanup, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, it } from "vitest";
import { parseSearch, stringifySearch } from "@/lib/url-state";
import { newColumn, readPlayground, writePlayground } from "./state";
import { usePlayground } from "./usePlayground";

let history: ReturnType<typeof createBrowserHistory>;
beforeEach(() => window.history.replaceState(null, "", "/"));
afterEach(() => {
  cleanup();
  history.destroy();
});

function Shown() {
  const { state } = usePlayground();
  return <p>{`Shown: ${state.columns[0]?.messages[0]?.content}`}</p>;
}

async function shown(first: string) {
  window.history.replaceState({ by: undefined }, "", first);
  history = createBrowserHistory();
  const root = createRootRoute();
  const page = createRoute({ getParentRoute: () => root, path: "/", component: Shown });
  const router = createRouter({ routeTree: root.addChildren([page]), history, parseSearch, stringifySearch });
  render(<RouterProvider router={router as never} />);
  await screen.findByText(/^Shown/);
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
