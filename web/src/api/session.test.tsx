import { QueryClient, QueryClientProvider, useMutation } from "@tanstack/react-query";
import { act, cleanup, render, renderHook, screen, waitFor } from "@testing-library/react";
import { type ReactNode, useEffect, useLayoutEffect, useState } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { signedOut, standing, tellRefused } from "./client";
import { useForecast } from "./forecast";
import { change, keyOf, usePages, useRead } from "./hooks";
import { type Session, SessionProvider, anew, goWhereLinked, lostBetween, sessionChanged, useAddressTexts, useSessionState } from "./session";
import { stream } from "./stream";
import { FakeChannel } from "./channel.fake";
import { samplesKey } from "./unsaved";

type Answering = (url: URL, request: Request) => Response | Promise<Response>;

const ADA = { user: { id: "u1", name: "Ada", email: "ada@example.com", is_operator: false }, workspaces: [{ id: "w1", name: "One", role: "admin" }, { id: "w2", name: "Two", role: "admin" }], csrf_token: "csrf", session_id: "s1" };

const BEN = { ...ADA, user: { ...ADA.user, id: "u2", name: "Ben" }, csrf_token: "csrf2", session_id: "s2" };

/** What listens beside the session itself. */
const LISTENING = signedOut.size;

/** Who the session's cookie names. */
let signedInAs: object | null = ADA;
let asked: { path: string; workspace: string | null }[] = [];

function json(body: unknown, status = 200): Response {
  return new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });
}

const REFUSED = () => json({ error: { type: "unauthorized", code: "unauthorized", message: "Sign in.", param: null, request_id: "r", retryable: false, details: null } }, 401);

function answering(answer: Answering) {
  vi.spyOn(globalThis, "fetch").mockImplementation(async (given, init) => {
    const request = given instanceof Request ? given : new Request(new URL(String(given), "http://localhost/"), init);
    const url = new URL(request.url);
    asked.push({ path: url.pathname + url.search, workspace: request.headers.get("x-burnish-workspace") });
    if (url.pathname !== "/v1/auth/session") return answer(url, request);
    return signedInAs ? json(signedInAs) : REFUSED();
  });
}

let queries: QueryClient;
const now: { state?: ReturnType<typeof useSessionState> } = {};
const state = () => now.state as ReturnType<typeof useSessionState>;

function Who() {
  const found = useSessionState();
  useLayoutEffect(() => {
    now.state = found;
  });
  return null;
}

function tree(children: ReactNode) {
  return (
    <QueryClientProvider client={queries}>
      <SessionProvider>
        <Who />
        {children}
      </SessionProvider>
    </QueryClientProvider>
  );
}

const show = (children: ReactNode) => render(tree(children));

const signedIn = () => waitFor(() => expect(state().session?.user.id).toBe("u1"));

beforeEach(() => {
  signedInAs = ADA;
  asked = [];
  queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
});

afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  localStorage.clear();
  Object.assign(standing, { csrfToken: null, workspaceId: null, hasSignedIn: false });
});

function Prompt({ slug, label }: { slug: string; label?: string }) {
  const found = useRead("/v1/prompts/{slug}", { path: { slug }, query: { label } });
  return <p>{found.data ? `${found.data.name}${found.isPlaceholderData ? " (old)" : ""}` : "loading"}</p>;
}

it("keeps two workspaces' answers apart, and asks each in its own name", async () => {
  answering((_, request) => json({ name: `of ${request.headers.get("x-burnish-workspace")}` }));
  show(<Inside><Prompt slug="a" /></Inside>);
  await screen.findByText("of w1");
  act(() => state().choose("w2"));
  await screen.findByText("of w2");
  expect(screen.queryByText(/of w1/)).toBeNull();
  expect(asked.filter((one) => one.path.startsWith("/v1/prompts")).map((one) => one.workspace)).toEqual(["w1", "w2"]);
  expect(keyOf("/v1/prompts")[0]).toBe("w2");
});

/** The tab is loaded again: its document is a new one, and its storage the same. */
async function loadAgain() {
  cleanup();
  queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  show(null);
  await signedIn();
}

it("stays in its workspace when it is loaded again after another tab went to another one; a new tab begins there", async () => {
  answering(() => json({}));
  show(null);
  await signedIn();
  localStorage.setItem("burnish.workspace", "w2"); // By the other tab, while nobody chose anything here.
  await loadAgain();
  expect(state().session?.workspace?.id).toBe("w1");
  act(() => state().choose("w2"));
  localStorage.setItem("burnish.workspace", "w1");
  await loadAgain();
  expect(state().session?.workspace?.id).toBe("w2");
  sessionStorage.clear();
  await loadAgain();
  expect(state().session?.workspace?.id).toBe("w1");
});

it.each(["sessionStorage", "localStorage"])("does without %s where it is switched off or not there", async (name) => {
  answering(() => json({}));
  const refuses = () => {
    throw new DOMException("switched off", "SecurityError");
  };
  for (const storage of [{ getItem: refuses, setItem: refuses, removeItem: refuses }, undefined]) {
    vi.stubGlobal(name, storage);
    await loadAgain();
    act(() => state().choose("w2"));
    expect(state().session?.workspace?.id).toBe("w2");
    await loadAgain();
    // The other one remembers it.
    expect(state().session?.workspace?.id).toBe("w2");
    vi.unstubAllGlobals();
    sessionStorage.clear();
    localStorage.clear();
  }
});

it("keeps the tab's choice over a session that ended by itself, and not over signing out or for another person", async () => {
  const load = vi.spyOn(anew, "load").mockReturnValue();
  const kept = () => sessionStorage.getItem("burnish.workspace");
  answering(() => new Response(null, { status: 204 }));
  show(null);
  await signedIn();
  act(() => state().choose("w2"));
  signedInAs = null;
  await act(() => queries.refetchQueries({ queryKey: ["session"] }));
  expect(kept()).toBe("w2");
  signedInAs = BEN;
  await act(() => queries.refetchQueries({ queryKey: ["session"] }));
  await waitFor(() => expect(load).toHaveBeenCalledOnce());
  expect(kept()).toBeNull();
  signedInAs = ADA;
  await loadAgain();
  expect(kept()).toBe("w2");
  await act(() => state().signOut());
  await waitFor(() => expect(state().session).toBeNull());
  expect(kept()).toBeNull();
});

/** As the shell does: pages come once somebody is signed in, and anew with another workspace. */
function Inside({ children }: { children: ReactNode }) {
  const { session } = useSessionState();
  return session ? <div key={session.workspace?.id}>{children}</div> : null;
}

it("forgets all answers at sign-out, and what was typed", async () => {
  answering((url) => (url.pathname === "/v1/auth/sign-out" ? new Response(null, { status: 204 }) : json({ name: "secret" })));
  sessionStorage.setItem("burnish.samples.a", "typed");
  show(<Inside><Prompt slug="a" /></Inside>);
  await screen.findByText("secret");
  await act(() => state().signOut());
  await waitFor(() => expect(state().session).toBeNull());
  expect(queries.getQueryCache().getAll().map((one) => one.queryKey[0])).toEqual(["session"]);
  expect(sessionStorage.getItem("burnish.samples.a")).toBeNull();
});

it("is signed out by a 401 of any answer, and keeps none of those before", async () => {
  answering((url) => (url.pathname === "/v1/prompts/a" ? json({ name: "secret" }) : REFUSED()));
  const { rerender } = show(<Inside><Prompt slug="a" /></Inside>);
  await screen.findByText("secret");
  rerender(tree(<Inside><Prompt slug="b" /></Inside>));
  await waitFor(() => expect(state().session).toBeNull());
  await waitFor(() => expect(queries.getQueryCache().getAll().map((one) => one.queryKey[0])).toEqual(["session"]));
});

it("is signed out by a 401 of a stream", async () => {
  answering(() => REFUSED());
  show(null);
  await signedIn();
  await act(async () => {
    await expect(stream("/v1/executions", { method: "POST", body: {} }).next()).rejects.toMatchObject({ status: 401 });
  });
  await waitFor(() => expect(state().session).toBeNull());
  expect(signedOut.size).toBe(LISTENING + 1);
});

it("stays signed in where the API refuses for another reason", async () => {
  answering(() => json({ error: { message: "Not yours." } }, 403));
  show(null);
  await signedIn();
  await expect(stream("/v1/live").next()).rejects.toMatchObject({ status: 403 });
  expect(state().session?.user.id).toBe("u1");
});

it("reads who is there anew where the workspace cannot be followed any more, and leaves a form where an act alone is refused", async () => {
  answering(() => json({ error: { message: "You may read here." } }, 403));
  show(null);
  await signedIn();
  signedInAs = { ...ADA, workspaces: [{ id: "w2", name: "Two", role: "viewer" }] };
  await expect(change("delete", "/v1/alert-mutes", {})).rejects.toMatchObject({ status: 403 });
  expect(state().session?.workspace?.id).toBe("w1");
  act(tellRefused);
  await waitFor(() => expect(state().session?.workspace?.id).toBe("w2"));
});

it("says which workspace somebody was taken out of, and nothing where they chose another", () => {
  const standingIn = (workspaces: readonly string[], workspace: string | null, user = "u1") => ({ user: { id: user }, workspaces: workspaces.map((id) => ({ id, name: id })), workspace: workspace && { id: workspace, name: workspace } }) as unknown as Session;
  expect(lostBetween(standingIn(["w1", "w2"], "w1"), standingIn(["w2"], "w2"))).toBe("w1");
  expect(lostBetween(standingIn(["w1"], "w1"), standingIn([], null))).toBe("w1");
  expect(lostBetween(standingIn(["w1", "w2"], "w1"), standingIn(["w1", "w2"], "w2"))).toBeNull();
  expect(lostBetween(standingIn(["w1"], "w1"), standingIn(["w2"], "w2", "u2"))).toBeNull();
  expect(lostBetween(standingIn(["w1"], "w1"), null)).toBeNull();
});

it("leaves an answer on screen while the same thing is asked for otherwise, and never shows one thing for another", async () => {
  const waiting = new Map<string, (answer: Response) => void>();
  answering((url) => new Promise((resolve) => waiting.set(url.pathname + url.search, resolve)));
  const shown = show(<Inside><Prompt slug="a" /></Inside>);
  await signedIn();
  const come = async (path: string, name: string) => {
    await waitFor(() => expect(waiting.has(path)).toBe(true));
    await act(async () => waiting.get(path)?.(json({ name })));
  };
  const again = (children: ReactNode) =>
    shown.rerender(tree(<Inside>{children}</Inside>));
  await come("/v1/prompts/a", "A");
  await screen.findByText("A");
  again(<Prompt slug="a" label="production" />);
  expect(screen.getByText("A (old)")).toBeTruthy();
  await come("/v1/prompts/a?label=production", "A live");
  await screen.findByText("A live");
  again(<Prompt slug="b" label="production" />);
  expect(screen.getByText("loading")).toBeTruthy();
  await come("/v1/prompts/b?label=production", "B");
  await screen.findByText("B");
});

function Versions({ slug }: { slug: string }) {
  const pages = usePages("/v1/prompts/{slug}/versions", { path: { slug } });
  return (
    <div>
      <p>{pages.rows.map((row) => row.version).join(" ") || "none"}</p>
      <button onClick={pages.loadMore}>more</button>
    </div>
  );
}

it("reads a list page by page, and begins anew for another thing", async () => {
  answering((url) => json(url.searchParams.get("cursor") === "c1" ? { data: [{ version: 1 }], next_cursor: null } : { data: [{ version: url.pathname.includes("/b/") ? 9 : 2 }], next_cursor: "c1" }));
  const { rerender } = show(<Inside><Versions slug="a" /></Inside>);
  await screen.findByText("2");
  act(() => screen.getByText("more").click());
  await screen.findByText("2 1");
  rerender(tree(<Inside><Versions slug="b" /></Inside>));
  expect(screen.getByText("none")).toBeTruthy();
  await screen.findByText("9");
});

function Rows() {
  const pages = usePages("/v1/prompts", undefined, { refetchInterval: 20 });
  return (
    <div>
      <p>{`${pages.rows.length} rows`}</p>
      <button onClick={pages.loadMore}>more</button>
    </div>
  );
}

it("reads a list again by itself only while its first page alone is there", async () => {
  answering((url) => json(url.searchParams.get("cursor") ? { data: [{ slug: "b" }], next_cursor: null } : { data: [{ slug: "a" }], next_cursor: "c1" }));
  show(<Inside><Rows /></Inside>);
  const times = () => asked.filter((one) => one.path.startsWith("/v1/prompts")).length;
  await screen.findByText("1 rows");
  await waitFor(() => expect(times()).toBeGreaterThan(2));
  act(() => screen.getByText("more").click());
  await screen.findByText("2 rows");
  const before = times();
  await act(() => new Promise((resolve) => setTimeout(resolve, 100)));
  expect(times()).toBe(before);
});

function Plan({ repeats }: { repeats: number | null }) {
  const { data, isStale, error } = useForecast("/v1/test-runs/forecast", repeats === null ? null : { repeats });
  return <p>{`${data ? data.items : "nothing"}${isStale ? ", old" : ""}${error ? `, ${error.message}` : ""}`}</p>;
}

it("says that a forecast is of the settings before until that of the new ones is there", async () => {
  answering(async (_, request) => json({ items: ((await request.json()) as { repeats: number }).repeats }));
  const { rerender } = show(<Plan repeats={1} />);
  await screen.findByText("1");
  rerender(tree(<Plan repeats={2} />));
  expect(screen.getByText("1, old")).toBeTruthy();
  await screen.findByText("2");
});

it("has no forecast where there is nothing to ask for, and none with an error beside it", async () => {
  answering(async (_, request) => {
    const { repeats } = (await request.json()) as { repeats: number };
    return repeats > 5 ? json({ error: { message: "At most 5." } }, 422) : json({ items: repeats });
  });
  const { rerender } = show(<Plan repeats={1} />);
  await screen.findByText("1");
  rerender(tree(<Plan repeats={null} />));
  expect(screen.getByText("nothing")).toBeTruthy();
  await act(() => new Promise((resolve) => setTimeout(resolve, 300)));
  expect(screen.getByText("nothing")).toBeTruthy();
  rerender(tree(<Plan repeats={6} />));
  await screen.findByText("nothing, At most 5.");
  // A word of the number before is not said of the one that is asked for now.
  rerender(tree(<Plan repeats={2} />));
  expect(screen.queryByText(/At most 5/)).toBeNull();
  await screen.findByText("2");
});

const PEOPLE: Record<string, string> = { csrf: "Ada", csrf2: "Ben" };

/** What one person sees, and types: with the words that each of them was shown. */
function Desk({ seen }: { seen: string[] }) {
  const { session } = useSessionState();
  const found = useRead("/v1/prompts/{slug}", { path: { slug: "a" } });
  const [words] = useState(() => `typed by ${session?.user.name}`);
  const { mutate } = useMutation({ mutationFn: () => new Promise(() => undefined) });
  useEffect(() => mutate(), [mutate]);
  seen.push(`${session?.user.name}: ${found.data?.name ?? "loading"}, ${words}`);
  return <p>{found.data?.name ?? "loading"}</p>;
}

it("leaves nothing of one person for the next, who has the same workspace: the document is loaded anew", async () => {
  const load = vi.spyOn(anew, "load").mockReturnValue();
  answering(() => json({ name: `of ${PEOPLE[standing.csrfToken ?? ""]}` }));
  sessionStorage.setItem("burnish.samples.a", "typed");
  const seen: string[] = [];
  show(<Inside><Desk seen={seen} /></Inside>);
  await screen.findByText("of Ada");
  const [underWay] = queries.getMutationCache().getAll();
  signedInAs = BEN;
  await act(() => queries.refetchQueries({ queryKey: ["session"] }));
  await waitFor(() => expect(load).toHaveBeenCalledOnce());
  // Until then nothing is said by the one before in the name of the next.
  expect([state().session, standing.userId, standing.workspaceId, standing.csrfToken]).toEqual([undefined, null, null, null]);
  expect(screen.queryByText("of Ada")).toBeNull();
  expect(seen.filter((one) => !one.startsWith("Ada"))).toEqual([]);
  expect(queries.getMutationCache().getAll()).not.toContain(underWay);
  expect(sessionStorage.getItem("burnish.samples.a")).toBeNull();
});

it("is loaded anew for another person also where nobody was there in between, and not for the same one", async () => {
  const load = vi.spyOn(anew, "load").mockReturnValue();
  answering(() => json({ name: "of Ada" }));
  show(null);
  await signedIn();
  for (const next of [null, ADA, null]) {
    signedInAs = next;
    await act(() => sessionChanged(queries));
    await waitFor(() => expect(state().session === null).toBe(next === null));
  }
  expect(load).not.toHaveBeenCalled();
  signedInAs = BEN;
  await act(() => sessionChanged(queries));
  await waitFor(() => expect(load).toHaveBeenCalledOnce());
});

it("keeps values that were typed for nobody but whoever typed them, also where the tab was loaded again meanwhile", async () => {
  answering(() => json({}));
  sessionStorage.setItem(samplesKey("u1", "w1", "a"), "own");
  sessionStorage.setItem(samplesKey("u2", "w1", "a"), "of another");
  show(null);
  await signedIn();
  expect([sessionStorage.getItem(samplesKey("u1", "w1", "a")), sessionStorage.getItem(samplesKey("u2", "w1", "a"))]).toEqual(["own", null]);
});

it("stays as it is where the same person's session is read again", async () => {
  answering(() => json({ name: "of Ada" }));
  const seen: string[] = [];
  show(<Inside><Desk seen={seen} /></Inside>);
  await screen.findByText("of Ada");
  const [underWay] = queries.getMutationCache().getAll();
  signedInAs = { ...ADA, workspaces: [...ADA.workspaces].reverse() };
  await act(() => sessionChanged(queries));
  expect(queries.getMutationCache().getAll()).toContain(underWay);
});

it("takes the texts out of the address when another person comes, and leaves them where nobody does", () => {
  const of = (id: string | null) => (id === null ? undefined : ({ user: { id } } as never));
  window.history.replaceState(null, "", "/app/playground?prompt=a#texts");
  const { rerender } = renderHook(({ id }: { id: string | null }) => useAddressTexts(of(id)), { initialProps: { id: null as string | null } });
  rerender({ id: "u1" });
  rerender({ id: "u1" });
  expect(window.location.hash).toBe("#texts");
  rerender({ id: null });
  expect([window.location.pathname, window.location.search, window.location.hash]).toEqual(["/app/playground", "?prompt=a", ""]);
});

it("reads the session again where another tab signed out, or in as somebody else", async () => {
  vi.stubGlobal("BroadcastChannel", FakeChannel);
  const load = vi.spyOn(anew, "load").mockReturnValue();
  answering((url) => {
    if (url.pathname === "/v1/auth/sign-out") signedInAs = null;
    return new Response(null, { status: 204 });
  });
  const other = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(<QueryClientProvider client={other}><SessionProvider><Named /></SessionProvider></QueryClientProvider>);
  show(null);
  await signedIn();
  await screen.findByText("Ada");
  await act(() => state().signOut());
  await screen.findByText("nobody");
  signedInAs = BEN;
  await act(() => sessionChanged(queries));
  await waitFor(() => expect(load).toHaveBeenCalledTimes(2));
});

function Named() {
  const { session } = useSessionState();
  return <p>{session?.user.name ?? "nobody"}</p>;
}

const LINKED = "01a2189f-3586-7722-836f-7ba9bbba39a2";

it("goes where a link from outside says, in this tab alone, and keeps the address as any other", async () => {
  localStorage.setItem("burnish.workspace", "w2");
  sessionStorage.clear();
  window.history.replaceState(null, "", `/app/alerts/a?tab=x&workspace=${LINKED}`);
  goWhereLinked();
  expect(window.location.search).toBe("?tab=x");
  signedInAs = { ...ADA, workspaces: [...ADA.workspaces, { id: LINKED, name: "Three", role: "viewer" }] };
  answering(() => json({}));
  show(null);
  await waitFor(() => expect(state().session?.workspace?.name).toBe("Three"));
  expect(localStorage.getItem("burnish.workspace")).toBe("w2");
});

it("stays where it was with a link to a workspace that one does not belong to, or that is none", async () => {
  sessionStorage.clear();
  localStorage.setItem("burnish.workspace", "w2");
  window.history.replaceState(null, "", `/app/alerts/a?workspace=${LINKED}`);
  goWhereLinked();
  answering(() => json({}));
  show(null);
  await waitFor(() => expect(state().session?.workspace?.name).toBe("Two"));
  window.history.replaceState(null, "", "/app/alerts/a?workspace=mine");
  sessionStorage.clear();
  goWhereLinked();
  expect(sessionStorage.getItem("burnish.workspace")).toBeNull();
});

it("asks again by itself while nobody answers, and says so until somebody does", async () => {
  vi.useFakeTimers();
  try {
    let answers = false;
    vi.spyOn(globalThis, "fetch").mockImplementation(async () => {
      await new Promise((then) => setTimeout(then, 500));
      if (!answers) throw new TypeError("Failed to fetch");
      return json(ADA);
    });
    const pass = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms));
    const said: (string | null)[] = [];
    function Said() {
      said.push(useSessionState().error?.code ?? null);
      return null;
    }
    show(<Said />);
    await pass(600);
    expect(state().error?.code).toBe("no_connection");
    const before = said.length;
    await pass(20_000);
    expect(said.slice(before), "no blink in between").not.toContain(null);
    answers = true;
    await pass(6_000);
    expect([state().session?.user.id, state().error]).toEqual(["u1", null]);
  } finally {
    vi.useRealTimers();
  }
});
