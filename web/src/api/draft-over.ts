/** What somebody types over what is saved, where somebody else may save meanwhile. */
import { useState } from "react";

export type Over<T> = { base: T; seen: T; draft: T; isBehind: boolean };

const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);

/** After `saved` was read: it comes in at once where nothing was typed, or just the same; else what was typed stays, over what it was begun with. Pure. */
export function onto<T>(over: Over<T>, saved: T): Over<T> {
  if (isSame(saved, over.seen)) return over;
  if (isSame(over.draft, over.base) || isSame(over.draft, saved)) return { base: saved, seen: saved, draft: saved, isBehind: false };
  return { ...over, seen: saved, isBehind: !isSame(saved, over.base) };
}

/** After `sent` was saved: from here on it is what is typed over. What was typed since stays. Pure. */
export function settled<T>(over: Over<T>, draftThen: T, sent: T): Over<T> {
  return { ...over, base: sent, draft: isSame(over.draft, draftThen) ? sent : over.draft, isBehind: false };
}

/** A form over `saved`, which may be read again at any time. Where `isBehind`, somebody changed it since one began to type: say so. */
export function useDraftOver<T>(saved: T) {
  const [over, setOver] = useState<Over<T>>({ base: saved, seen: saved, draft: saved, isBehind: false });
  const now = onto(over, saved);
  if (now !== over) setOver(now);
  return {
    /** What it was begun with. */
    base: now.base,
    draft: now.draft,
    isBehind: now.isBehind,
    set: (draft: T) => setOver((before) => ({ ...before, draft })),
    /** Throws away what was typed. */
    takeNewest: () => setOver({ base: saved, seen: saved, draft: saved, isBehind: false }),
    /** Call it where `sent`, made of `draft`, was saved. */
    settle: (sent: T) => setOver((before) => settled(before, now.draft, sent)),
  };
}
