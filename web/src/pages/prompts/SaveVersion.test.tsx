import { QueryClient, QueryClientProvider, onlineManager } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { useState } from "react";
import { afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { standing } from "@/api/client";
import { SessionProvider, useSessionState } from "@/api/session";
import { SaveVersion } from "./SaveVersion";
import type { Version } from "./content";
import { type Draft, useDraft } from "./draft";
import { said } from "@/kit/Toast";
import { preloadFloats } from "@/kit/floats";

const SESSION = { user: { id: "u1", name: "Ada", email: null, is_operator: false }, workspaces: [{ id: "w1", name: "One", role: "admin" }], csrf_token: "c", session_id: "s1" };

const versionOf = (version: number, content: string, changes: object = {}) => ({ version, messages: [{ role: "user", content }], model: "m", is_new: true, ...changes }) as unknown as Version;

let sent: { path: string; body: Record<string, unknown> }[];
let answer: (version: unknown) => void;
let queries: QueryClient;
let isProtected: boolean;
const now: { draft?: Draft } = {};
const draft = () => now.draft as Draft;
const text = () => draft().content.messages[0]?.content;

const json = (body: unknown) => new Response(JSON.stringify(body), { headers: { "content-type": "application/json" } });

beforeAll(preloadFloats);
beforeEach(() => {
  sent = [];
  isProtected = false;
  // As in main.tsx.
  queries = new QueryClient({ defaultOptions: { mutations: { retry: false, networkMode: "always", gcTime: 0 } } });
  queries.mount();
  vi.spyOn(globalThis, "fetch").mockImplementation(async (given) => {
    const request = given as Request;
    const path = new URL(request.url).pathname;
    if (request.method === "GET") return json(SESSION);
    sent.push({ path: `${request.method} ${path}`, body: (await request.json()) as Record<string, unknown> });
    return path.includes("/labels/") ? (isProtected ? new Response(JSON.stringify({ error: { message: "It is protected.", code: "label_protected" } }), { status: 409 }) : json({})) : new Promise<Response>((resolve) => (answer = (version) => resolve(json(version))));
  });
});

afterEach(() => {
  cleanup();
  queries.unmount();
  onlineManager.setOnline(true);
  Object.assign(standing, { csrfToken: null, workspaceId: null });
});

function Saving({ isHere }: { isHere: boolean }) {
  const [open, setOpen] = useState(true);
  const { session } = useSessionState();
  const [newest] = useState(() => versionOf(1, "old"));
  const found = useDraft(newest);
  now.draft = found;
  if (!session || !isHere) return null;
  return (
    <>
      <button type="button" onClick={() => setOpen(true)}>
        Save…
      </button>
      <SaveVersion slug="greet" draft={found} labels={["production"]} open={open} onOpenChange={setOpen} onNewer={() => undefined} />
    </>
  );
}

const tree = (isHere: boolean) => (
  <QueryClientProvider client={queries}>
    <SessionProvider>
      <Saving isHere={isHere} />
    </SessionProvider>
  </QueryClientProvider>
);

const write = (content: string) => act(() => draft().set({ messages: [{ role: "user", content }] }));
const press = (name: string) => fireEvent.click(screen.getByRole("button", { name }));

async function begin() {
  const shown = render(tree(true));
  write("new");
  await screen.findByRole("dialog");
  return shown;
}

it("keeps what is written while a save is under way, over the version that it made", async () => {
  await begin();
  press("Save");
  await waitFor(() => expect(sent).toHaveLength(1));
  press("Cancel");
  expect(screen.getByRole("dialog")).toBeTruthy();
  write("newer still");
  act(() => draft().setFault("others", "This is no JSON yet."));
  await act(async () => answer(versionOf(2, "new")));
  await waitFor(() => expect(draft().base.version).toBe(2));
  expect([text(), draft().changed, draft().faults]).toEqual(["newer still", ["messages"], { others: "This is no JSON yet." }]);
});

it("keeps JSON that is half written with the draft, until it can be read", async () => {
  await begin();
  act(() => draft().setFault("others", "This is no JSON yet.", '{"top_k": '));
  expect(draft().unread).toEqual({ others: '{"top_k": ' });
  act(() => draft().setFault("others", null, '{"top_k": 4}'));
  expect([draft().unread, draft().faults]).toEqual([{}, {}]);
});

it("says all that is amiss with the saved version, after that it is saved", async () => {
  await begin();
  press("Save");
  await waitFor(() => expect(sent).toHaveLength(1));
  const warnings = ["model: there is no model 'gpt-4o-mni' that can be called.", "b.", "c.", "d.", "e."];
  await act(async () => answer(versionOf(2, "new", { warnings })));
  const toasts = () => said.shown().map((one) => [one.tone, one.text]).slice(-2);
  await waitFor(() => expect(toasts()).toEqual([["ok", "v2 is saved"], ["warn", `v2: ${warnings.join(" ")}`]]));
});

it("begins anew over the saved version where nothing was written since", async () => {
  await begin();
  const { turn } = draft();
  press("Save");
  await waitFor(() => expect(sent).toHaveLength(1));
  await act(async () => answer(versionOf(2, "new", { temperature: 0.5 })));
  await waitFor(() => expect(draft().base.version).toBe(2));
  expect([text(), draft().content.temperature, draft().changed, draft().turn]).toEqual(["new", 0.5, [], turn + 1]);
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
});

it("saves on the line that the draft is on, and names it", async () => {
  await begin();
  screen.getByText(/^Over v1, on the main line\./);
  act(() => draft().start(versionOf(4, "on the branch"), { ...draft().content, messages: [{ role: "user", content: "new" }] }, "formal"));
  screen.getByRole("dialog", { name: "Save as the next version on formal" });
  screen.getByText(/^Over v4, on the branch formal: “latest” stays where it is\./);
  press("Save");
  await waitFor(() => expect(sent[0]?.body).toMatchObject({ base_version: 4, branch: "formal" }));
  await act(async () => answer(versionOf(5, "new")));
  await waitFor(() => expect([draft().base.version, draft().line]).toEqual([5, "formal"]));
});

it("leaves a draft alone that went to another line while a save was under way", async () => {
  await begin();
  press("Save");
  await waitFor(() => expect(sent).toHaveLength(1));
  expect(sent[0]?.body).not.toHaveProperty("branch");
  act(() => draft().start(versionOf(7, "theirs"), { messages: [{ role: "user", content: "mine" }], model: "m" }, "formal"));
  await act(async () => answer(versionOf(8, "new")));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect([draft().base.version, draft().line, text()]).toEqual([7, "formal", "mine"]);
});

it("moves no label with the next save by itself", async () => {
  await begin();
  const label = () => screen.getByLabelText<HTMLSelectElement>("Label to move there");
  fireEvent.change(label(), { target: { value: "production" } });
  press("Save");
  await waitFor(() => expect(sent).toHaveLength(1));
  await act(async () => answer(versionOf(2, "new")));
  await waitFor(() => expect(sent[1]).toMatchObject({ path: "PUT /v1/prompts/greet/labels/production", body: { version: 2 } }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  press("Save…");
  await screen.findByRole("dialog");
  expect(label().value).toBe("");
});

it("says that the version is saved also where its label may not move", async () => {
  isProtected = true;
  await begin();
  fireEvent.change(screen.getByLabelText("Label to move there"), { target: { value: "production" } });
  press("Save");
  await waitFor(() => expect(sent).toHaveLength(1));
  await act(async () => answer(versionOf(2, "new")));
  await waitFor(() => expect(said.shown().map((one) => one.text).slice(-2)).toEqual(["v2 is saved; production did not move to it", "It is protected."]));
});

const isSent = async () => {
  act(() => onlineManager.setOnline(true));
  await act(() => new Promise((resolve) => setTimeout(resolve, 20)));
  return sent.length > 0;
};

async function waitOffline() {
  onlineManager.setOnline(false);
  press("Save");
  await screen.findByText(/No connection/);
}

it("saves what waited for a connection as soon as there is one", async () => {
  await begin();
  await waitOffline();
  act(() => onlineManager.setOnline(true));
  await waitFor(() => expect(sent).toHaveLength(1));
});

it("never sends a save that was cancelled while it waited for a connection, and can save again", async () => {
  await begin();
  await waitOffline();
  press("Cancel");
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(await isSent()).toBe(false);
  expect([text(), draft().base.version, queries.getMutationCache().getAll()]).toEqual(["new", 1, []]);
});

it("never sends a save that waited when its page was left", async () => {
  const shown = await begin();
  await waitOffline();
  shown.rerender(tree(false));
  expect(await isSent()).toBe(false);
});
