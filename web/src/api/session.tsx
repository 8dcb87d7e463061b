/** Who is signed in, in which workspace, with which role. */
import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, createContext, use, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { forgetAddressTexts, keepAddressTexts, putAddressTextsBack } from "./address-texts";
import { type Schema, api, refused, signedOut, standing } from "./client";
import { ApiError, asApiError } from "./errors";
import { forgetDrafts, forgetSamples, leave } from "./unsaved";
import { bringForms, forgetForms, roleChanges } from "./unsaved-forms";

type SessionAnswer = Schema<"burnish_gateway__access__people_answers__SessionAnswer">;
export type Workspace = Schema<"OwnWorkspace">;
export type Role = "admin" | "editor" | "viewer";

const SESSION_KEY = ["session"];
const CHOSEN = "burnish.workspace";

export type Session = {
  user: Schema<"UserAnswer">;
  workspaces: Workspace[];
  /** The one that everything on screen belongs to; null for somebody who is a member of nothing. */
  workspace: Workspace | null;
  role: Role | null;
  sessionId: string | null;
};

type SessionState = {
  /** undefined: not known yet. null: nobody is signed in. */
  session: Session | null | undefined;
  /** Why it is not known: the gateway does not answer. */
  error: ApiError | null;
  retry: () => void;
  /** Both ask first where something is not saved. */
  choose: (workspaceId: string) => void;
  signOut: () => Promise<void>;
};

const SessionContext = createContext<SessionState | null>(null);

async function readSession(): Promise<SessionAnswer | null> {
  try {
    const answer = (await api.GET("/v1/auth/session")).data ?? null;
    const role = answer?.workspaces.find((one) => one.id === standing.workspaceId)?.role ?? null;
    if (answer?.user.id === standing.userId && standing.role !== null && role !== standing.role) for (const heard of roleChanges) heard();
    return answer;
  } catch (error) {
    if (error instanceof ApiError && error.isSignedOut) return null;
    throw error;
  }
}

/** The other tabs of this browser have the same session: they read it again where it became another one. */
const CHANNEL = "burnish-session";
type Told = { kind: "changed" };
let toOthers: BroadcastChannel | null = null;

function tellOtherTabs() {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel has none: only this origin hears it
  toOthers?.postMessage({ kind: "changed" } satisfies Told);
}

/** Call after signing in, joining or leaving: reads anew who is there. Nothing of who was there before is kept. */
export async function sessionChanged(queries: QueryClient): Promise<void> {
  standing.csrfToken = null;
  const answer = await readSession();
  queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== SESSION_KEY[0] });
  standing.hasSignedIn = answer !== null;
  queries.setQueryData(SESSION_KEY, answer);
  tellOtherTabs();
}

/** How the document is loaded anew. */
export const anew = { load: () => window.location.reload() };

/** Each tab keeps its own choice over a reload, whatever another one goes to meanwhile; a new tab begins with the last choice of any. */
const STORES = { tab: () => sessionStorage, browser: () => localStorage };

function remembered(where: keyof typeof STORES): string | null {
  try {
    return STORES[where]().getItem(CHOSEN);
  } catch {
    return null;
  }
}

function remember(where: keyof typeof STORES, workspaceId: string) {
  try {
    STORES[where]().setItem(CHOSEN, workspaceId);
  } catch {
    // Storage is switched off: it holds until the page is closed.
  }
}

function forgetTabsChoice() {
  try {
    STORES.tab().removeItem(CHOSEN);
  } catch {
    // Storage is switched off: there is nothing.
  }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** A link from outside, such as that of a notice, names its workspace (`?workspace=`): this tab goes there, and its address is as any other
 * from then on. Who does not belong to it stays where they were. */
export function goWhereLinked(): void {
  const url = new URL(window.location.href);
  const linked = url.searchParams.get("workspace");
  if (linked === null || !UUID.test(linked)) return;
  remember("tab", linked);
  url.searchParams.delete("workspace");
  window.history.replaceState(window.history.state, "", url);
}

// Before the router reads the address.
goWhereLinked();

const ASKS_AGAIN_MS = 5_000;

export function SessionProvider({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  /** The first of them that there is. */
  const [chosen, setChosen] = useState(() => [remembered("tab"), remembered("browser")]);
  /** Who was the first to be there since the document was loaded. */
  const [whose, setWhose] = useState<string | null>(null);
  // Where nobody answers yet, it is asked again by itself, and until an answer is there the words stay that said so.
  const { data, error: latestError, refetch } = useQuery({
    queryKey: SESSION_KEY,
    queryFn: readSession,
    staleTime: 60_000,
    retry: false,
    refetchInterval: ({ state }) => (state.data === undefined && state.error && asApiError(state.error).retryable ? ASKS_AGAIN_MS : false),
  });
  const [error, setError] = useState<unknown>(null);
  if (data !== undefined ? error !== null : latestError && latestError !== error) setError(data === undefined ? latestError : null);

  // Nothing of one person is left for the next, however the change came about: here, in another tab, or by a session that ended. The document
  // is loaded anew for another one: what the one before had begun, such as the parts of a file that are sent one after the other, would go on
  // under the next one's name and in their workspace. Until then nobody is there.
  const person = data?.user.id ?? null;
  const isAnother = whose !== null && person !== null && person !== whose;
  const session = useMemo<Session | null | undefined>(() => {
    if (!data) return data;
    if (isAnother) return undefined;
    const { user, workspaces, session_id } = data;
    const workspace = chosen.map((id) => workspaces.find((one) => one.id === id)).find(Boolean) ?? workspaces.find((one) => one.role) ?? null;
    return { user, workspaces, workspace, role: workspace?.role ?? null, sessionId: session_id };
  }, [data, chosen, isAnother]);

  // Set while rendering, not in an effect: the children's first requests already carry it.
  standing.csrfToken = (session && data?.csrf_token) ?? null;
  standing.workspaceId = session?.workspace?.id ?? null;
  standing.userId = session?.user.id ?? null;
  standing.role = session?.role ?? null;

  // Also where nobody chose: another tab's choice is the default by the time this one is loaded again.
  const here = session?.workspace?.id ?? null;
  useEffect(() => {
    if (here !== null) remember("tab", here);
  }, [here]);

  const hasBrought = useRef(false);
  const isGone = whose !== null && person !== whose;
  useEffect(() => {
    if (!isGone) return;
    queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== SESSION_KEY[0] });
    queries.getMutationCache().clear();
    forgetSamples();
    if (person === null) return;
    forgetTabsChoice();
    anew.load();
  }, [isGone, person, queries]);

  useEffect(() => {
    if (person === null) return;
    forgetDrafts(person);
    forgetAddressTexts(person);
    forgetForms(person);
    forgetSamples(person);
    if (!hasBrought.current) bringForms(person);
    hasBrought.current = true;
    setWhose((was) => was ?? person);
  }, [person]);

  useEffect(() => {
    const heard = () => {
      if (queries.getQueryData(SESSION_KEY)) queries.setQueryData(SESSION_KEY, null);
    };
    signedOut.add(heard);
    return () => void signedOut.delete(heard);
  }, [queries]);

  useEffect(() => {
    const heard = () => void (queries.getQueryData(SESSION_KEY) && refetch({ cancelRefetch: false }));
    refused.add(heard);
    return () => void refused.delete(heard);
  }, [queries, refetch]);

  useEffect(() => {
    if (typeof BroadcastChannel === "undefined") return undefined;
    const channel = new BroadcastChannel(CHANNEL);
    channel.addEventListener("message", () => void refetch());
    toOthers = channel;
    return () => {
      channel.close();
      if (toOthers === channel) toOthers = null;
    };
  }, [refetch]);

  const choose = useCallback((workspaceId: string) => {
    leave(() => {
      remember("tab", workspaceId);
      remember("browser", workspaceId);
      setChosen([workspaceId]);
    });
  }, []);

  const signOutNow = useCallback(async () => {
    await api.POST("/v1/auth/sign-out", {}).catch((failed: unknown) => {
      if (!asApiError(failed).isSignedOut) throw failed;
    });
    forgetDrafts();
    forgetAddressTexts();
    forgetForms();
    forgetTabsChoice();
    queries.setQueryData(SESSION_KEY, null);
    queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== SESSION_KEY[0] });
    tellOtherTabs();
  }, [queries]);
  const signOut = useCallback(() => new Promise<void>((resolve, reject) => leave(() => signOutNow().then(resolve, reject), resolve)), [signOutNow]);

  const retry = useCallback(() => void refetch(), [refetch]);
  const state = useMemo<SessionState>(
    () => ({ session, error: data === undefined && error ? asApiError(error) : null, retry, choose, signOut }),
    [session, data, error, retry, choose, signOut],
  );
  return <SessionContext value={state}>{children}</SessionContext>;
}

export function useSessionState(): SessionState {
  const state = use(SessionContext);
  if (!state) throw new Error("useSessionState needs a SessionProvider above it");
  return state;
}

/** What stands behind the "#" of the address, where pages keep texts: over a sign-in it is kept for whoever wrote it, and forgotten when another
 * person comes. Whether the page may be shown, which reads it as soon as it comes. */
export function useAddressTexts(session: Session | null | undefined): boolean {
  const person = session?.user.id ?? null;
  const isNobody = session === null;
  const last = useRef<string | null>(null);
  const [readyFor, setReadyFor] = useState<string | null>(null);
  useLayoutEffect(() => {
    if (person === null) return;
    putAddressTextsBack(person);
    setReadyFor(person);
  }, [person]);
  // After the page has gone, which writes what it has not written yet.
  useEffect(() => {
    if (isNobody) keepAddressTexts(last.current ?? (window.history.state as { by?: string } | null)?.by ?? null);
    // At once and not by the router: the next one's page reads it as soon as it comes.
    if (last.current !== null && last.current !== person && window.location.hash) window.history.replaceState(window.history.state, "", window.location.pathname + window.location.search);
    last.current = person;
  }, [person, isNobody]);
  return person !== null && readyFor === person;
}

/** The session; only within the shell, where somebody is signed in. */
export function useSession(): Session {
  const { session } = useSessionState();
  if (!session) throw new Error("useSession is for pages within the shell");
  return session;
}

/** The name of the workspace that was on screen, where the same person does not belong to it any more. */
export function lostBetween(was: Session | null | undefined, now: Session | null | undefined): string | null {
  const workspace = was?.workspace;
  if (!workspace || was.user.id !== now?.user.id) return null;
  return now.workspaces.some((one) => one.id === workspace.id) ? null : workspace.name;
}

export type May = {
  /** Runs prompts: everybody. */
  run: boolean;
  /** Changes datasets, jobs, evaluators, webhooks where the API lets an editor. */
  edit: boolean;
  /** Changes prompts, labels and suggestions (a workspace may let only admins). */
  editPrompts: boolean;
  /** Members, keys, settings, budgets, webhooks. */
  admin: boolean;
  /** The whole installation. */
  operator: boolean;
  /** Why nobody changes or runs what is looked at, whatever their role: see `Held`. */
  held?: string;
};

/** Around what is read alone for now, such as an archived prompt; says why. */
export const Held = createContext<string | null>(null);

/** What a role may, as docs/guides/access.md says. The API decides; the page only does not offer what would be refused. */
export function mayOf(role: Role | null, { isOperator = false, onlyAdminsChangePrompts = false } = {}): May {
  const edit = role === "editor" || role === "admin";
  return { run: role !== null, edit, editPrompts: role === "admin" || (edit && !onlyAdminsChangePrompts), admin: role === "admin", operator: isOperator };
}

/** The settings of the workspace on screen. */
export function useOwnWorkspace(enabled = true) {
  const id = useSession().workspace?.id ?? "";
  return useQuery({
    queryKey: [id, "/v1/workspaces/{workspace_id}", { path: { workspace_id: id } }],
    queryFn: async () => (await api.GET("/v1/workspaces/{workspace_id}", { params: { path: { workspace_id: id } } })).data ?? null,
    enabled: enabled && id !== "",
    staleTime: 60_000,
  });
}

/** What the person at the screen may. `const may = useMay(); … <Button disabled={!may.admin} why={needs("admin")}>` */
export function useMay(): May {
  const { role, user } = useSession();
  const { data } = useOwnWorkspace(role === "editor");
  const held = use(Held);
  return useMemo(() => {
    const may = mayOf(role, { isOperator: user.is_operator, onlyAdminsChangePrompts: data?.only_admins_change_prompts === true });
    return held === null ? may : { ...may, run: false, editPrompts: false, held };
  }, [role, user.is_operator, data, held]);
}

/** Why a control is off, in one sentence. */
export function needs(what: "editor" | "admin" | "operator"): string {
  return what === "operator" ? "Only the operator of this installation may do this." : what === "admin" ? "Only an admin of the workspace may do this." : "You may read here; an editor or admin may change this.";
}
