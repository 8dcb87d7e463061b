/** Reading and changing by TanStack Query. A key is [path, params], so that whatever changed is read again by its path alone. */
import { type Query, type QueryClient, type QueryKey, keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { toastError } from "@/kit/Toast";
import { api, newIdempotencyKey, standing } from "./client";
import { ApiError, asApiError } from "./errors";
import type { paths } from "./schema";

type Verb = "get" | "post" | "put" | "patch" | "delete";
type With<V extends Verb> = { [P in keyof paths]: paths[P][V] extends { responses: object } ? P : never }[keyof paths];
type Operation<P extends keyof paths, V extends Verb> = paths[P][V];
type Json<C> = C extends { content: { "application/json": infer T } } ? T : undefined;
type Good<R> = { [S in keyof R]: S extends 200 | 201 | 202 | 204 ? Json<R[S]> : never }[keyof R];

/** What a path answers: `Answer<"/v1/prompts">`, `Answer<"/v1/prompts", "post">`. */
export type Answer<P extends keyof paths, V extends Verb = "get"> = Operation<P, V> extends { responses: infer R } ? Good<R> : never;

type Parameters<P extends keyof paths, V extends Verb> = Operation<P, V> extends { parameters: infer X } ? X : never;
type PathOf<X> = X extends { path: infer T } ? { path: T } : { path?: undefined };
type QueryOf<X> = X extends { query?: infer T } ? { query?: T } : { query?: undefined };
/** `{ path: {…}, query: {…} }` of a path. */
export type Params<P extends keyof paths, V extends Verb = "get"> = PathOf<Parameters<P, V>> & QueryOf<Parameters<P, V>>;
type Sent<O> = O extends { requestBody?: infer R } ? Exclude<R, undefined> : never;
// A route without a body is described as `requestBody?: never`, which would fit any body if it were not asked for first.
type BodyOf<P extends keyof paths, V extends Verb> = [Sent<Operation<P, V>>] extends [never] ? { body?: undefined } : Sent<Operation<P, V>> extends { content: { "application/json": infer B } } ? { body: B } : { body?: undefined };
export type Change<P extends keyof paths, V extends Verb> = Params<P, V> & BodyOf<P, V> & { headers?: Record<string, string> };

type Loose = (path: string, init: object) => Promise<{ data?: unknown }>;

function call(verb: Verb, path: string, init: { path?: unknown; query?: unknown; body?: unknown; headers?: Record<string, string>; signal?: AbortSignal }): Promise<unknown> {
  const { path: inPath, query, body, headers, signal } = init;
  const send = api[verb.toUpperCase() as Uppercase<Verb>] as unknown as Loose;
  return send(path, { params: { path: inPath, query: withoutEmpty(query) }, body, headers, signal }).then((answer) => answer.data ?? null);
}

function withoutEmpty(query: unknown): unknown {
  if (typeof query !== "object" || query === null) return undefined;
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== ""));
}

/** The key of a read. Begins with the workspace, so that no two workspaces ever share an answer. */
export function keyOf(path: string, params?: object): QueryKey {
  return [standing.workspaceId, path, params ?? {}];
}

export type ReadOptions = { enabled?: boolean; refetchInterval?: number | false; staleTime?: number };
type KeepOption = { /** The answer of another path stays while the new one loads, for who knows what to do with it. */ keeps?: boolean };

/** The answer before, where it is of the same thing, only asked for otherwise. Another prompt's or run's never stands in for the one that loads. */
function ofTheSame<T>(key: QueryKey): (before: T | undefined, asked: { queryKey: QueryKey } | undefined) => T | undefined {
  return (before, asked) => (asked && thing(asked.queryKey) === thing(key) ? before : undefined);
}

function thing([workspace, path, params]: QueryKey): string {
  return JSON.stringify([workspace, path, (params as { path?: unknown } | undefined)?.path ?? null]);
}

/** Reads one answer. While new parameters load, the old answer stays on screen (`isPlaceholderData`); not while another object loads. */
export function useRead<P extends With<"get">>(path: P, params?: Params<P>, { keeps = false, ...options }: ReadOptions & KeepOption = {}) {
  return useQuery<Answer<P>, ApiError>({
    queryKey: keyOf(path, params),
    queryFn: ({ signal }) => call("get", path, { ...params, signal }) as Promise<Answer<P>>,
    placeholderData: keeps ? keepPreviousData : (ofTheSame(keyOf(path, params)) as never),
    ...options,
  });
}

/** Reads once, outside of a component. */
export function read<P extends With<"get">>(path: P, params?: Params<P>, signal?: AbortSignal): Promise<Answer<P>> {
  return call("get", path, { ...params, signal }) as Promise<Answer<P>>;
}

type Page = { data: unknown[]; next_cursor: string | null };

const PAGE_MOST = 200;
/** More than that nobody looks through, and nobody waits for. */
const ALL_MOST = 2_000;
type Paged = { [P in With<"get">]: Answer<P> extends { data: unknown[]; next_cursor?: string | null } ? P : never }[With<"get">];
type Row<P extends With<"get">> = Answer<P> extends { data: (infer T)[] } ? T : never;

export type Pages<T> = {
  rows: T[];
  error: ApiError | null;
  /** Nothing has come yet. */
  isPending: boolean;
  /** What is shown belongs to the parameters before. */
  isStale: boolean;
  hasMore: boolean;
  isLoadingMore: boolean;
  loadMore: () => void;
  retry: () => void;
};

/** Reads a list page by page, following `next_cursor`. `rows` are all rows so far. `isFetching`, also in the background: they may be older than
 * what was saved just now. Whoever asks for it is drawn once more each time. */
export function usePages<P extends Paged>(path: P, params?: Params<P>, { more, ...options }: ReadOptions & { /** Rows of each page after the first, where most of a long list is looked for further down. */ more?: number } = {}): Pages<Row<P>> & { readonly isFetching: boolean } {
  const found = useInfiniteQuery({
    queryKey: [...keyOf(path, params), "pages"],
    queryFn: ({ pageParam, signal }) => call("get", path, { ...params, query: { ...(params as { query?: object } | undefined)?.query, cursor: pageParam, ...(pageParam !== null && more !== undefined ? { limit: more } : {}) }, signal }) as Promise<Page>,
    initialPageParam: null as string | null,
    getNextPageParam: (last: Page) => last.next_cursor ?? undefined,
    placeholderData: ofTheSame(keyOf(path, params)) as never,
    ...options,
    // All pages would be read again each time: whoever has gone further down reads on in peace.
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 0) > 1 ? false : (options.refetchInterval ?? false)),
  });
  const { fetchNextPage, refetch } = found;
  const rows = useMemo(() => (found.data?.pages ?? []).flatMap((page) => page.data) as Row<P>[], [found.data]);
  const loadMore = useCallback(() => void fetchNextPage(), [fetchNextPage]);
  const retry = useCallback(() => void refetch(), [refetch]);
  return {
    rows,
    error: found.error ? asApiError(found.error) : null,
    isPending: found.isPending,
    isStale: found.isPlaceholderData,
    get isFetching() {
      return found.isFetching;
    },
    hasMore: found.hasNextPage,
    isLoadingMore: found.isFetchingNextPage,
    loadMore,
    retry,
  };
}

/** Reads a list to its end, for names and choices: its first 2,000 rows. Undefined until all of them are there. */
export function useAll<P extends Paged>(path: P, params?: Params<P>, options: ReadOptions = {}): { rows: Row<P>[] | undefined; error: ApiError | null; isPending: boolean; isLoading: boolean; refetch: () => void } {
  const found = useQuery<Row<P>[], ApiError>({
    queryKey: [...keyOf(path, params), "all"],
    queryFn: async ({ signal }) => {
      const rows: unknown[] = [];
      let cursor: string | null = null;
      do {
        const page = (await call("get", path, { ...params, query: { ...(params as { query?: object } | undefined)?.query, limit: PAGE_MOST, cursor }, signal })) as Page;
        rows.push(...page.data);
        cursor = page.next_cursor ?? null;
      } while (cursor && rows.length < ALL_MOST);
      return rows as Row<P>[];
    },
    placeholderData: ofTheSame(keyOf(path, params)) as never,
    ...options,
  });
  return { rows: found.data, error: found.error, isPending: found.isPending, isLoading: found.isLoading, refetch: () => void found.refetch() };
}

/**
 * What is opened by its id in the address: the row of the list, else what `read` finds, and from then on that object until another id is opened.
 * A list that is read again may have moved it to another page: nothing that somebody writes about it closes by that.
 */
export function useOpened<T extends { id: string }, P extends With<"get">>(id: string, rows: readonly T[], path: P, params: Params<P>, { enabled = true }: { enabled?: boolean } = {}): T | undefined {
  const held = useRef<T | undefined>(undefined);
  const row = id === "" ? undefined : rows.find((one) => one.id === id);
  const isKnown = row !== undefined || held.current?.id === id;
  const found = useRead(path, params, { enabled: enabled && id !== "" && !isKnown });
  if (held.current?.id !== id) held.current = undefined;
  held.current = row ?? held.current ?? (found.data as T | undefined);
  return held.current;
}

/** Changes something. `invalidates`: paths whose answers are read again afterwards, each with everything below it, also where it was refused for what
 * somebody did meanwhile (409). Where that takes the form away in which the refusal stands, and nobody else hears of it, a toast says it. What `waits`
 * for a connection is taken back when its form goes. What is pressed twice at once is sent once, and done with once: of a second `mutateAsync` nothing
 * comes. A POST whose answer was lost and that is sent again just the same is done, and paid for, once. */
export function useChange<V extends Exclude<Verb, "get">, P extends With<V>>(verb: V, path: P, { invalidates = [], waits = false, removes, onRefused }: { invalidates?: readonly string[]; /** Called where its form is gone by then, too. */ onRefused?: (given: Change<P, V>, error: ApiError) => void; /** What is at this path is gone then: it is not read again while its page closes. */ removes?: With<"get">; /** For a connection; name the workspace in the headers then. */ waits?: boolean } = {}) {
  const queries = useQueryClient();
  const lost = useRef(new Map<string, string>());
  const last = useRef<UnderWay | null>(null);
  const refused = useRefusal();
  const changing = useMutation<Answer<P, V>, ApiError, Change<P, V>>({
    ...(waits ? { networkMode: "online" as const } : {}),
    mutationFn: (given) => goes(queries, removes, given, () => (verb === "post" ? once(lost.current, given, (keyed) => change(verb, path, keyed)) : change(verb, path, given))),
    // What was lost on its way back may still be under way there.
    retry: (times, error) => isUnderWay(error) && times < ASKS_MOST,
    retryDelay: (_, error) => (error.retryAfterS ?? 1) * 1_000,
    // Not waited for: what the caller does on success (a word, another page) comes first, and also where the new answers take its dialog away.
    onSuccess: (_, given) => {
      ended(last, given);
      void invalidate(queries, invalidates);
    },
    onError: (error, given) => {
      const isHeard = ended(last, given)?.isHeard || onRefused !== undefined;
      // It is not any more what the page shows: somebody else was faster. What the form says of it stays, for the thing is still there.
      if (error.status === 409 && error.code !== "idempotency_mismatch") refused(isHeard ? null : error, invalidate(queries, invalidates));
      onRefused?.(given, error);
    },
  });
  const given = useRef<unknown>(undefined);
  useEffect(() => {
    given.current = changing.variables;
  });
  useEffect(() => () => void takeBack(queries, given.current), [queries]);
  const { mutateAsync: send, reset: forget } = changing;
  const reset = useCallback(() => {
    last.current = null; // The same may be sent again.
    forget();
  }, [forget]);
  const mutateAsync = useCallback<typeof send>((...asked) => (begins(last, asked[0], true) ? send(...asked) : new Promise<never>(() => undefined)), [send]);
  const mutate = useCallback<typeof changing.mutate>((...asked) => void (begins(last, asked[0], asked[1]?.onError !== undefined) && send(...asked).catch(() => undefined)), [send]);
  return { ...changing, mutate, mutateAsync, reset };
}

/** `what` as text, `given` as it was handed in. `isHeard`: the caller hears of a refusal, and says it where it is to be said. */
type UnderWay = { what: string; given: unknown; isHeard: boolean };

/** Whether it is to be sent: who presses twice before the page can show that it is on its way wants it once. `last`: what was sent last, while it is
 * under way. Only that counts: what was sent before something else is to be true again after it. */
function begins(last: { current: UnderWay | null }, given: unknown, isHeard: boolean): boolean {
  const what = JSON.stringify(given);
  if (last.current?.what === what) return false;
  last.current = { what, given, isHeard };
  return true;
}

/** What was under way as this, if nothing else was sent since. */
function ended(last: { current: UnderWay | null }, given: unknown): UnderWay | null {
  const mine = last.current?.given === given ? last.current : null;
  if (mine) last.current = null;
  return mine;
}

/** The page has drawn by then what was read. */
const DRAWN_MS = 1_000;
const ACTS = ["click", "keydown"];

/** Holds what a form says of a refusal while the page is read anew by it (`reading`), and says it in passing where the form is gone by that: not where
 * somebody closes it, who has read it there. */
function useRefusal(): (error: ApiError | null, reading: Promise<void>) => void {
  const [refusal] = useState(holder);
  useLayoutEffect(() => {
    refusal.isGone = false;
    return () => {
      refusal.isGone = true;
      if (refusal.held) toastError(refusal.held);
      refusal.forget();
    };
  }, [refusal]);
  return refusal.hold;
}

function holder() {
  const refusal = {
    held: null as ApiError | null,
    isGone: false,
    forget: () => {
      refusal.held = null;
      for (const act of ACTS) document.removeEventListener(act, refusal.forget, true);
    },
    hold: (error: ApiError | null, reading: Promise<void>) => {
      if (!error || refusal.isGone) return;
      refusal.held = error;
      for (const act of ACTS) document.addEventListener(act, refusal.forget, true);
      void reading.finally(() => setTimeout(() => refusal.held === error && refusal.forget(), DRAWN_MS));
    },
  };
  return refusal;
}

const ASKS_MOST = 40;
const KEY = "Idempotency-Key";

/** Sends it under an Idempotency-Key: that of before where it is the same, and nobody knows what became of it. `lost`: those, by what was sent. */
async function once<G extends { headers?: Record<string, string> }, T>(lost: Map<string, string>, given: G, send: (keyed: G) => Promise<T>): Promise<T> {
  const sent = JSON.stringify(given);
  const key = given.headers?.[KEY] ?? lost.get(sent) ?? newIdempotencyKey();
  try {
    const answer = await send({ ...given, headers: { ...given.headers, [KEY]: key } });
    lost.delete(sent);
    return answer;
  } catch (failed) {
    const error = asApiError(failed);
    if (error.isLost || isUnderWay(error)) lost.set(sent, key);
    else lost.delete(sent);
    throw failed;
  }
}

function isUnderWay(error: ApiError): boolean {
  return error.code === "idempotency_in_progress";
}

/** Takes back what still waits for a connection, by what was given to `mutate`: it is never sent. False where it is sent already. */
export function takeBack(queries: QueryClient, given: unknown): boolean {
  const cache = queries.getMutationCache();
  const found = cache.getAll().find(({ state }) => state.isPaused && state.variables !== undefined && state.variables === given);
  if (!found) return false;
  // Otherwise it would look again and again, forever, whether it has ended and can be forgotten.
  found.setOptions({ ...found.options, gcTime: Number.POSITIVE_INFINITY });
  cache.remove(found);
  return true;
}

/** Changes something, outside of a component. */
export function change<V extends Exclude<Verb, "get">, P extends With<V>>(verb: V, path: P, given: Change<P, V>): Promise<Answer<P, V>> {
  return call(verb, path, given as object) as Promise<Answer<P, V>>;
}

/** What is on its way out, or went just now. `isMissed`: something about it would have been read again meanwhile. */
type Going = { path: string; at: string; isMissed: boolean };

const going = new Set<Going>();

/** Does it. What it `removes` is not read again meanwhile, nor while its page closes: the news of it may overtake the answer. */
async function goes<T>(queries: QueryClient, removes: string | undefined, given: { path?: unknown }, act: () => Promise<T>): Promise<T> {
  if (removes === undefined) return act();
  const one: Going = { path: removes, at: JSON.stringify(given.path), isMissed: false };
  going.add(one);
  try {
    const answer = await act();
    setTimeout(() => going.delete(one), DRAWN_MS);
    return answer;
  } catch (failed) {
    going.delete(one);
    if (one.isMissed) void readAgain(queries, (query) => isOf(query, one));
    throw failed;
  }
}

/** Whether it is an answer about that one, or about something below it. */
function isOf({ queryKey: [, path, params] }: Query, { path: begin, at }: Going): boolean {
  if (typeof path !== "string" || !isBelow(path, begin)) return false;
  const named = (params as { path?: Record<string, unknown> } | undefined)?.path ?? {};
  return Object.entries(JSON.parse(at) as object).every(([name, value]) => named[name] === value);
}

function isGoing(query: Query): boolean {
  const mine = [...going].filter((one) => isOf(query, one));
  for (const one of mine) one.isMissed = true;
  return mine.length > 0;
}

/** Has every answer below these paths read again: "/v1/prompts" also means "/v1/prompts/{slug}/versions". Not what is below `without`. */
export async function invalidate(queries: QueryClient, begins: readonly string[], without?: string): Promise<void> {
  if (begins.length === 0) return;
  await readAgain(queries, ({ queryKey: [, path] }) => typeof path === "string" && begins.some((begin) => isBelow(path, begin)) && (without === undefined || !isBelow(path, without)));
}

/** Has these answers read again, also those whose first reading is under way: it may bring what was before the change, and TanStack Query lets it end.
 * Not those about what is being deleted. */
export async function readAgain(queries: QueryClient, isAsked: (query: Query) => boolean): Promise<void> {
  const isMeant = (query: Query) => isAsked(query) && !isGoing(query);
  const first = queries.getQueryCache().findAll({ fetchStatus: "fetching", predicate: (query) => isMeant(query) && query.state.data === undefined });
  await queries.invalidateQueries({ predicate: isMeant });
  if (first.length > 0) await queries.invalidateQueries({ predicate: (query) => first.includes(query) });
}

export function isBelow(path: string, begin: string): boolean {
  return path === begin || path.startsWith(`${begin}/`);
}
