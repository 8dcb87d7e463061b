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

/** Thrown by `readNow` where the form itself says what stands against sending it by now, such as a name that was taken meanwhile. */
export class SaidInForm extends Error {}

type Over<T> = { base: T; seen: T; draft: T; news: "apart" | "beside" | null };

/**
 * `first`: what is saved, as the form has it. `readNow` reads it once more; null for what is made anew, and of which there may be many. `again`: paths that are read again where
 * it was changed. `news`: somebody changed it since, so that nothing was sent: show `Meanwhile`, and send at the next press.
 */
export function useFormOver<T extends object>(first: T, readNow: (() => Promise<T>) | null, again: readonly string[] = []) {
  const [{ base, seen, draft, news }, setOver] = useState<Over<T>>({ base: first, seen: first, draft: first, news: null });
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
        return { base: now, seen: over.seen, draft: next.draft, news: next.isApart ? "apart" : "beside" };
      });
      void invalidate(queries, [...again]);
    } catch (failed) {
      if (!(failed instanceof SaidInForm)) setFault(failed);
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
    takeTheirs: () => setOver((over) => ({ ...over, draft: over.base, news: null })),
    /** For a form that stays after it was saved: `saved` was read, while rendering. It comes in where nothing is typed, or just the same. */
    follow: (saved: T) => {
      if (isSame(saved, seen)) return;
      setOver((over) => (isSame(over.draft, over.base) || isSame(over.draft, saved) ? { base: saved, seen: saved, draft: saved, news: null } : { ...over, seen: saved }));
    },
    /** For a form that stays: `sent`, made of `of`, was saved, and is what is typed over from here on. What was typed since stays. */
    settle: (sent: T, of: T) => setOver((over) => ({ ...over, base: sent, draft: rebased(of, over.draft, sent).draft, news: null })),
    /** Calls `act` with what is typed, where nobody changed it since. */
    send: (act: (draft: T) => void) => void send(act),
  };
}
