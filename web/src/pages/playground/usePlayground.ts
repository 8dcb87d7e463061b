import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useEffect, useRef, useState } from "react";
import type { Search } from "@/lib/url-state";
import { type Column, type Playground, readPlayground, writePlayground } from "./state";

const WRITE_MS = 300;

/** What the playground shows; the address follows it, and it follows the address where that changed by itself (back, a link). */
export function usePlayground(): { state: Playground; setColumn: (index: number, changes: Partial<Column>) => void; setValue: (name: string, text: string) => void; set: (next: (before: Playground) => Playground) => void } {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const [state, setState] = useState(() => readPlayground(search, window.location.hash));
  const written = useRef<string | null>(null);

  useEffect(() => {
    const here = signature(readPlayground(search, window.location.hash));
    if (written.current !== null && here !== written.current) setState(readPlayground(search, window.location.hash));
    written.current = here;
  }, [search]);

  useEffect(() => {
    const wanted = signature(state);
    if (wanted === written.current) return undefined;
    const timer = setTimeout(() => {
      written.current = wanted;
      const { search: next, hash } = writePlayground(state);
      void navigate({ to: ".", search: next as never, hash, replace: true, resetScroll: false, hashScrollIntoView: false });
    }, WRITE_MS);
    return () => clearTimeout(timer);
  }, [state, navigate]);

  const set = useCallback((next: (before: Playground) => Playground) => setState(next), []);
  const setColumn = useCallback((index: number, changes: Partial<Column>) => setState((before) => ({ ...before, columns: before.columns.map((one, at) => (at === index ? { ...one, ...changes } : one)) })), []);
  const setValue = useCallback((name: string, text: string) => setState((before) => ({ ...before, values: { ...before.values, [name]: text } })), []);
  return { state, setColumn, setValue, set };
}

function signature(state: Playground): string {
  const { search, hash } = writePlayground(state);
  return JSON.stringify([search, hash]);
}
