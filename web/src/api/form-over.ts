/** A form in a dialog over one thing that others may save, too. What is saved is read once more just before anything is sent over it. */
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { invalidate } from "./hooks";

const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);

/** What somebody else saved comes in where nothing was typed; what was typed stays. `isApart`: both changed the same part, each otherwise. Pure. */
export function rebased<T extends object>(base: T, draft: T, theirs: T): { draft: T; isApart: boolean } {
  const parts = Object.keys(theirs) as (keyof T)[];
  const mine = parts.filter((part) => !isSame(draft[part], base[part]));
  const isApart = mine.some((part) => !isSame(theirs[part], base[part]) && !isSame(theirs[part], draft[part]));
  return { draft: { ...theirs, ...Object.fromEntries(mine.map((part) => [part, draft[part]])) }, isApart };
}

type Over<T> = { base: T; draft: T; news: "apart" | "beside" | null };

/**
 * `first`: what is saved, as the form has it. `readNow` reads it once more; null for what is made anew. `again`: paths that are read again where
 * it was changed. `news`: somebody changed it since, so that nothing was sent: show `Meanwhile`, and send at the next press.
 */
export function useFormOver<T extends object>(first: T, readNow: (() => Promise<T>) | null, again: readonly string[] = []) {
  const [{ base, draft, news }, setOver] = useState<Over<T>>({ base: first, draft: first, news: null });
  const [isLooking, setLooking] = useState(false);
  const [fault, setFault] = useState<unknown>(null);
  const queries = useQueryClient();
  const send = async (act: (draft: T) => void) => {
    setFault(null);
    if (readNow === null) return act(draft);
    setLooking(true);
    try {
      const now = await readNow();
      if (isSame(now, base)) return act(draft);
      setOver((over) => {
        const next = rebased(over.base, over.draft, now);
        return { base: now, draft: next.draft, news: next.isApart ? "apart" : "beside" };
      });
      void invalidate(queries, [...again]);
    } catch (failed) {
      setFault(failed);
    } finally {
      setLooking(false);
    }
  };
  return {
    base,
    draft,
    news,
    isLooking,
    /** Why it could not be read. */
    fault,
    change: (part: Partial<T>) => setOver((over) => ({ ...over, draft: { ...over.draft, ...part } })),
    set: (next: T) => setOver((over) => ({ ...over, draft: next })),
    /** Throws away what was typed. */
    takeTheirs: () => setOver((over) => ({ base: over.base, draft: over.base, news: null })),
    /** Calls `act` with what is typed, where nobody changed it since. */
    send: (act: (draft: T) => void) => void send(act),
  };
}
