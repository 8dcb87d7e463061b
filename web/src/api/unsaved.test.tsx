import type { QueryClient } from "@tanstack/react-query";
import { cleanup, fireEvent, screen, waitFor } from "@testing-library/react";
import { useState } from "react";
import { afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { Leaving } from "@/shell/Leaving";
import { signedOut } from "./client";
import { anew, useSessionState } from "./session";
import { type Door, endSession, renderInSession, sessionApi, signInAs } from "./session.fake";
import { draftKey, forgetDraft, giveUpUnsaved, keepDraft, keptDraft, unsaved, useUnsaved } from "./unsaved";
import { preloadFloats } from "@/kit/floats";

let door: Door;
let isKeptMeanwhile = false;

beforeAll(preloadFloats);
beforeEach(() => {
  door = sessionApi(["w1", "w2"]);
  isKeptMeanwhile = false;
});

afterEach(() => {
  cleanup();
  localStorage.clear();
  sessionStorage.clear();
  vi.restoreAllMocks();
});

function Page() {
  const { session, choose, signOut } = useSessionState();
  if (!session) return <p>nobody</p>;
  const where = session.workspace?.id ?? "";
  return (
    <>
      <p>{`in ${where}`}</p>
      <button onClick={() => choose("w2")}>other workspace</button>
      <button onClick={() => void signOut()}>sign out</button>
      <Editor key={where} storage={draftKey(session.user.id, where, "greet")} />
      <Leaving />
    </>
  );
}

function Editor({ storage }: { storage: string }) {
  const [text, setText] = useState(() => (keptDraft(storage) as string | null) ?? "");
  useUnsaved(text !== "", "greet", () => keepDraft(storage, text), isKeptMeanwhile ? () => void forgetDraft(storage) : undefined);
  return <input aria-label="Text" value={text} onChange={(event) => setText(event.target.value)} />;
}

async function write(text: string) {
  const queries = renderInSession(<Page />);
  fireEvent.change(await screen.findByLabelText("Text"), { target: { value: text } });
  return queries;
}

const shown = () => (screen.getByLabelText("Text") as HTMLInputElement).value;

it("goes to another workspace at once where everything is saved", async () => {
  await write("");
  fireEvent.click(screen.getByText("other workspace"));
  screen.getByText("in w2");
});

it("asks before another workspace takes a draft away", async () => {
  await write("Hello");
  fireEvent.click(screen.getByText("other workspace"));
  screen.getByText(/What you wrote in greet is not saved/);
  fireEvent.click(screen.getByRole("button", { name: "Stay" }));
  screen.getByText("in w1");
  expect(shown()).toBe("Hello");
  fireEvent.click(screen.getByText("other workspace"));
  fireEvent.click(screen.getByRole("button", { name: "Discard and leave" }));
  await screen.findByText("in w2");
  expect([shown(), screen.queryByText(/is not saved/)]).toEqual(["", null]);
});

it("asks before signing out, and keeps nothing of what was given up", async () => {
  await write("Hello");
  fireEvent.click(screen.getByText("sign out"));
  expect(door.signOuts).toBe(0);
  fireEvent.click(screen.getByRole("button", { name: "Stay" }));
  fireEvent.click(screen.getByText("sign out"));
  fireEvent.click(screen.getByRole("button", { name: "Discard and leave" }));
  await screen.findByText("nobody");
  expect([door.signOuts, sessionStorage.length]).toEqual([1, 0]);
});

async function ends(queries: QueryClient, next: string) {
  await endSession(door);
  await screen.findByText("nobody");
  await signInAs(door, next, queries);
}

it("keeps a draft for whoever wrote it where the session ends by itself", async () => {
  await ends(await write("Hello"), "ada");
  await screen.findByLabelText("Text");
  expect(shown()).toBe("Hello");
  expect([forgetDraft(draftKey("ada", "w1", "greet")), forgetDraft(draftKey("ada", "w1", "greet"))]).toEqual([true, false]);
});

it("keeps it for nobody else", async () => {
  const load = vi.spyOn(anew, "load").mockReturnValue();
  await ends(await write("Hello"), "bob");
  await waitFor(() => expect(load).toHaveBeenCalledOnce());
  await waitFor(() => expect(Object.keys(sessionStorage)).toEqual([]));
});

it("keeps nothing where all was saved", async () => {
  const queries = await write("Hello");
  fireEvent.change(screen.getByLabelText("Text"), { target: { value: "" } });
  await ends(queries, "ada");
  await screen.findByLabelText("Text");
  // Which workspace the tab is in is all that is kept.
  expect([shown(), Object.keys(sessionStorage), signedOut.size]).toEqual(["", ["burnish.workspace"], 1]);
});

it("counts what was given up again where it was not left after all, and keeps it only then", async () => {
  let isHere = true;
  await write("half a word");
  giveUpUnsaved(() => isHere);
  isHere = false;
  expect(unsaved(), "the page that comes is on its way").toBeNull();
  await endSession(door);
  await screen.findByText("nobody");
  expect(Object.keys(sessionStorage).filter((key) => key.startsWith("burnish.draft."))).toEqual([]);
});

it("asks again about what was given up by somebody who stayed", async () => {
  let isHere = false;
  await write("half a word");
  giveUpUnsaved(() => isHere);
  expect(unsaved()).toBeNull();
  isHere = true;
  expect(unsaved()).toBe("greet");
  fireEvent.click(screen.getByText("other workspace"));
  await screen.findByText("Leave without saving?");
});

const drafts = () => Object.entries(sessionStorage).filter(([key]) => key.startsWith("burnish.draft."));

function hide() {
  vi.spyOn(document, "visibilityState", "get").mockReturnValue("hidden");
  document.dispatchEvent(new Event("visibilitychange"));
}

it("keeps a draft where the document goes out of sight, and forgets it once nothing is unsaved", async () => {
  isKeptMeanwhile = true;
  await write("Hello");
  hide();
  expect(drafts()).toEqual([[draftKey("ada", "w1", "greet"), '"Hello"']]);
  fireEvent.change(screen.getByLabelText("Text"), { target: { value: "" } });
  expect(drafts()).toEqual([]);
  hide();
  expect(drafts()).toEqual([]);
});

it("keeps it when the document is left, and has it again in the next one", async () => {
  isKeptMeanwhile = true;
  await write("Hello");
  window.dispatchEvent(new Event("pagehide"));
  const left = drafts();
  cleanup();
  for (const [key, draft] of left) sessionStorage.setItem(key, draft as string);
  renderInSession(<Page />);
  await screen.findByLabelText("Text");
  expect(shown()).toBe("Hello");
});

it("keeps what was thrown away knowingly no longer", async () => {
  isKeptMeanwhile = true;
  await write("Hello");
  hide();
  fireEvent.click(screen.getByText("other workspace"));
  fireEvent.click(await screen.findByRole("button", { name: "Discard and leave" }));
  await screen.findByText("in w2");
  expect(drafts()).toEqual([]);
});

it("keeps it over the end of the session too, where it was kept before", async () => {
  isKeptMeanwhile = true;
  const queries = await write("Hello");
  hide();
  fireEvent.change(screen.getByLabelText("Text"), { target: { value: "Hello you" } });
  await ends(queries, "ada");
  await screen.findByLabelText("Text");
  expect(shown()).toBe("Hello you");
});
