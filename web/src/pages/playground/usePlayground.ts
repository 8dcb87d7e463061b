import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useEffect, useRef, useState } from "react";
import { standing } from "@/api/client";
import { draftKey, forgetDraft, keepDraft, keptDraft } from "@/api/unsaved";
import { type Attached, filesOf } from "@/lib/attached";
import { type Search, stringifySearch } from "@/lib/url-state";
import { type Column, type Playground, readPlayground, writePlayground } from "./state";

/** Some of a column, or what becomes of it, where that comes later than it was asked for. */
export type Changes = Partial<Column> | ((before: Column) => Partial<Column>);

const WRITE_MS = 300;

/** Kept with an entry of the history: who wrote the texts behind its "#". What came by a link says nobody. */
type Written = { by?: string };

/** For the entry that is written now. */
export const byMe = () => ({ by: standing.userId ?? undefined }) satisfies Written as never;

/** The texts of the address, unless somebody else wrote them: going back leads to entries of whoever was signed in here before. */
function textsHere(): string {
  const { by } = (window.history.state ?? {}) as Written;
  return by === undefined || by === standing.userId ? window.location.hash : "";
}

/** What is on its way into the address: into this entry of the history, and where it is kept if that is left before. */
type Unwritten = { entry: string; key: string; state: object; search: Search; hash: string };

const entryHere = () => (window.history.state as { key?: string } | null)?.key ?? "";
const keyOf = (entry: string) => draftKey(standing.userId ?? "", standing.workspaceId ?? "", `playground ${entry}`);

/** What is read of the address, or what this entry was left with before it was written there. */
function readHere(search: Search): Playground {
  const left = keptDraft(keyOf(entryHere())) as Partial<Unwritten> | null;
  return left?.search && typeof left.hash === "string" ? readPlayground(left.search, left.hash) : readPlayground(search, textsHere());
}

/** Writes it at once where its entry is still there, as when the session ends; an entry that was left can be written no more: what it lacks is
 * kept for whoever comes back to it. */
function writeNow({ entry, key, state, search, hash }: Unwritten): void {
  if (entryHere() !== entry) keepDraft(key, { search, hash });
  else window.history.replaceState({ ...(window.history.state as object), ...state }, "", window.location.pathname + stringifySearch(search) + (hash && `#${hash}`));
}

/** What the playground shows, from what was `given` or from the address; the address follows it, and it follows the address where that changed by itself (back, a link). */
export function usePlayground(given?: Playground): { state: Playground; /** No text had to be left out of the address. */ isWhole: boolean; setColumn: (index: number, changes: Changes) => void; setValue: (name: string, text: string) => void; setFiles: (name: string, change: (before: readonly Attached[]) => readonly Attached[]) => void; set: (next: (before: Playground) => Playground) => void } {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const [state, setState] = useState(() => given ?? readHere(search));
  const [isWhole, setWhole] = useState(true);
  const written = useRef<string | null>(null);
  const unwritten = useRef<Unwritten | null>(null);

  useEffect(() => {
    if (textsHere() !== window.location.hash) window.history.replaceState(window.history.state, "", window.location.pathname + window.location.search);
  }, []);

  const leave = useCallback(() => {
    const left = unwritten.current;
    unwritten.current = null;
    if (left) writeNow(left);
  }, []);

  // The document that comes when it is loaded again asks for the address as it was.
  useEffect(() => {
    const unload = () => unwritten.current && keepDraft(unwritten.current.key, unwritten.current);
    window.addEventListener("pagehide", unload);
    return () => {
      window.removeEventListener("pagehide", unload);
      leave();
    };
  }, [leave]);

  useEffect(() => {
    const read = writePlayground(readPlayground(search, textsHere()));
    const here = signatureOf(read);
    if (written.current !== null && here !== written.current) {
      leave();
      setState(readHere(search));
    }
    written.current = here;
    // An address of before may hold words that were edited away: it is passed on, and nothing may be written here.
    const hash = read.hash && `#${read.hash}`;
    if (textsHere() !== hash) window.history.replaceState(window.history.state, "", window.location.pathname + window.location.search + hash);
  }, [search, leave]);

  useEffect(() => {
    const next = writePlayground(state);
    const wanted = signatureOf(next);
    setWhole(next.isWhole);
    if (wanted === written.current) {
      unwritten.current = null;
      forgetDraft(keyOf(entryHere()));
      return undefined;
    }
    const { entry, key } = unwritten.current ?? { entry: entryHere(), key: keyOf(entryHere()) };
    unwritten.current = { entry, key, state: byMe(), search: next.search, hash: next.hash };
    const timer = setTimeout(() => {
      // Another page is on its way, and this one still stands there.
      if (entryHere() !== entry) {
        leave();
        return;
      }
      unwritten.current = null;
      written.current = wanted;
      forgetDraft(key);
      void navigate({ to: ".", search: next.search as never, hash: next.hash, state: byMe(), replace: true, resetScroll: false, hashScrollIntoView: false });
    }, WRITE_MS);
    return () => clearTimeout(timer);
  }, [state, navigate, leave]);

  const set = useCallback((next: (before: Playground) => Playground) => setState(next), []);
  const setColumn = useCallback((index: number, changes: Changes) => setState((before) => ({ ...before, columns: before.columns.map((one, at) => (at === index ? { ...one, ...(typeof changes === "function" ? changes(one) : changes) } : one)) })), []);
  const setValue = useCallback((name: string, text: string) => setState((before) => ({ ...before, values: { ...before.values, [name]: text } })), []);
  const setFiles = useCallback((name: string, change: (before: readonly Attached[]) => readonly Attached[]) => setState((before) => ({ ...before, files: { ...before.files, [name]: change(filesOf(before.files, name)) } })), []);
  return { state, isWhole, setColumn, setValue, setFiles, set };
}

function signatureOf({ search, hash }: ReturnType<typeof writePlayground>): string {
  return JSON.stringify([search, hash]);
}
