/** Filters, tabs and selections live in the address: what is seen can be sent to somebody, and the back button works. */
import { type RouterHistory, useNavigate, useRouter, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { type Search, parseSearch, stringifySearch } from "./search";

export { type Search, parseSearch, stringifySearch } from "./search";

/** How one value is written in the address. Null: it is not written, since it is what holds anyway. */
export type Codec<T> = { read: (given: string | string[] | undefined) => T; write: (value: T) => string | string[] | null; /** See `over`. */ isOver?: boolean };

const first = (given: string | string[] | undefined) => (Array.isArray(given) ? given[0] : given);

export function text(fallback = ""): Codec<string> {
  return { read: (given) => first(given) ?? fallback, write: (value) => (value === fallback ? null : value) };
}

export function oneOf<const T extends string>(values: readonly T[], fallback: T): Codec<T> {
  return { read: (given) => values.find((value) => value === first(given)) ?? fallback, write: (value) => (value === fallback ? null : value) };
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** An id of ours; what somebody typed that cannot be one is none. */
export function id(): Codec<string> {
  return { read: (given) => (UUID.test(first(given) ?? "") ? first(given)! : ""), write: (value) => value || null };
}

/** One of some values, or nothing chosen. */
export function maybeOneOf<const T extends string>(values: readonly T[]): Codec<T | null> {
  return { read: (given) => values.find((value) => value === first(given)) ?? null, write: (value) => value };
}

/** A whole number; `integer(null)` may also be none. */
export function integer<F extends number | null>(fallback: F): Codec<number | F> {
  return {
    read: (given) => (/^-?\d{1,15}$/.test(first(given) ?? "") ? Number(first(given)) : fallback),
    write: (value) => (value === fallback || value === null ? null : String(value)),
  };
}

/** A number that names something, such as a version's, or none. What cannot be one stays as it was written: the page says that there is no such thing. */
export function numberOrText(): Codec<number | string | null> {
  return { read: (given) => integer(null).read(given) ?? (first(given) || null), write: (value) => (value === null ? null : String(value)) };
}

export function flag(): Codec<boolean> {
  return { read: (given) => first(given) === "1", write: (value) => (value ? "1" : null) };
}

/** What lies over the page while it is written in the address, such as a form or a drawer: going back closes it, and going forward opens it again. */
export function over<T>(codec: Codec<T>): Codec<T> {
  return { ...codec, isOver: true };
}

/** Any number of texts: `?tag=a&tag=b`. */
export function list(): Codec<string[]> {
  return { read: (given) => (given === undefined ? [] : Array.isArray(given) ? given : [given]), write: (value) => (value.length === 0 ? null : value) };
}

// oxlint-disable-next-line typescript/no-explicit-any
type AnyShape = Record<string, Codec<any>>;
export type StateOf<S extends AnyShape> = { [K in keyof S]: ReturnType<S[K]["read"]> };

export function readState<S extends AnyShape>(shape: S, search: Search): StateOf<S> {
  return Object.fromEntries(Object.entries(shape).map(([name, codec]) => [name, codec.read(search[name])])) as StateOf<S>;
}

/** The address's search with `changed` put in; names that `shape` does not know stay as they are. */
export function writeState<S extends AnyShape>(shape: S, search: Search, changed: Partial<StateOf<S>>): Search {
  const next = { ...search };
  for (const [name, value] of Object.entries(changed)) {
    const codec = shape[name];
    if (!codec || value === undefined) continue;
    const written = codec.write(value);
    if (written === null) delete next[name];
    else next[name] = written;
  }
  return next;
}

function isOpen(shape: AnyShape, search: Search): boolean {
  return Object.entries(shape).some(([name, codec]) => codec.isOver && codec.write(codec.read(search[name])) !== null);
}

/** Kept with an entry of the history: the search of the one before it, on which this one's form was opened. */
type Opened = { openedOn?: string };

const onTheirWay = new WeakSet<RouterHistory>();

/** Back from this entry. In a moment: whoever closes a form because of what was made with it goes there at once, and the entry is that one's then.
 * The browser too takes its time: closed twice meanwhile, it is closed once. */
function backOnce(history: RouterHistory) {
  if (onTheirWay.has(history)) return;
  onTheirWay.add(history);
  const arrived = history.subscribe(() => {
    arrived();
    onTheirWay.delete(history);
  });
  setTimeout(() => (onTheirWay.has(history) ? history.back({ ignoreBlocker: true }) : undefined));
}

/** `const [state, set] = useUrlState({ q: text(), range: oneOf(["24h", "7d"], "24h") })`. Define the shape outside of the component.
 *
 * `set` replaces the entry in the history; give `{ push: true }` where going back should undo it (a tab). What is `over` the page
 * has an entry of its own from when it opens; where closing it leaves the page as it was, the history goes back to there. */
export function useUrlState<S extends AnyShape>(shape: S): [StateOf<S>, (changed: Partial<StateOf<S>>, options?: { push?: boolean }) => void] {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const { history } = useRouter();
  const state = useMemo(() => readState(shape, search), [shape, search]);
  const set = useCallback(
    (changed: Partial<StateOf<S>>, { push = false }: { push?: boolean } = {}) => {
      const here = history.location;
      const { openedOn } = here.state as Opened;
      const before = parseSearch(here.search);
      const next = writeState(shape, before, changed);
      const isOver = isOpen(shape, next);
      if (!isOver && openedOn !== undefined && openedOn === stringifySearch(next)) {
        backOnce(history);
        return;
      }
      const opens = isOver && !isOpen(shape, before);
      const kept: Opened = opens ? { openedOn: stringifySearch(before) } : isOver && openedOn !== undefined ? { openedOn } : {};
      void navigate({ to: ".", search: ((was: Search) => writeState(shape, was, changed)) as never, state: kept as never, replace: !push && !opens, resetScroll: false });
    },
    [navigate, history, shape],
  );
  return [state, set];
}
