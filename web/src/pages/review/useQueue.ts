import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { type ApiError, asApiError } from "@/api/errors";
import { change, invalidate } from "@/api/hooks";
import { dismiss, toast, toastError } from "@/kit";
import type { Detail, Reason } from "./queue";

export type Act = { verdict: "good" | "bad" } | { expected: string } | "skip";

/** The one that is looked at and the next, so that nobody waits between two. More would be kept from others. */
const HELD = 2;
const LEASE_S = 600;

type Said = { dataset_item?: { added: boolean } | null };

/** Answers one after the other. What is decided is gone at once, comes back where it could not be said, and by Undo. */
export function useQueue({ prompt, reason }: { prompt: string | null; reason: Reason | null }, mayReview: boolean) {
  const queries = useQueryClient();
  const [queue, setQueue] = useState<readonly Detail[]>([]);
  const [isAsking, setAsking] = useState(true);
  const [error, setError] = useState<ApiError | null>(null);
  const [undoLast, setUndoLast] = useState<(() => void) | null>(null);
  const decided = useRef(new Set<string>());
  // What was written to each, above the cards: they go, and come back. Of one that is saved it is kept until the next is: Undo brings it back.
  const written = useRef(new Map<string, string>());
  // One word at a time: those of a few quick decisions would lie over the next answer, and on a phone over its buttons.
  const toldLast = useRef<number | null>(null);
  const tell = useCallback((...said: Parameters<typeof toast>) => {
    if (toldLast.current !== null) dismiss(toldLast.current);
    toldLast.current = toast(...said);
  }, []);
  const savedLast = useRef<string | null>(null);
  // One after the other: what is claimed next depends on what was said before.
  const last = useRef<Promise<void>>(Promise.resolve());
  const inTurn = useCallback((act: () => Promise<void>) => {
    setAsking(true);
    const mine = last.current.then(act);
    last.current = mine;
    void mine.finally(() => (last.current === mine ? setAsking(false) : undefined));
  }, []);

  const claim = useCallback(async () => {
    try {
      const got = await change("post", "/v1/review/claim", { body: { count: HELD, lease_s: LEASE_S, prompt, reason } });
      setError(null);
      setQueue((before) => [...before, ...got.data.filter((one) => !decided.current.has(one.id) && before.every((other) => other.id !== one.id))]);
    } catch (failed) {
      setError(asApiError(failed));
    }
  }, [prompt, reason]);
  const look = useCallback(() => inTurn(claim), [inTurn, claim]);
  useEffect(() => {
    if (mayReview) look();
  }, [look, mayReview]);

  const putBack = (item: Detail) => {
    decided.current.delete(item.id);
    setQueue((before) => [item, ...before.filter((one) => one.id !== item.id)]);
  };
  const decide = (act: Act) => {
    const item = queue[0];
    if (!item) return;
    decided.current.add(item.id);
    setQueue((before) => before.filter((one) => one.id !== item.id));
    const path = { review_id: item.id };
    let isSaid = false;
    const undo = () => {
      setUndoLast(null);
      inTurn(async () => {
        if (!isSaid) return;
        try {
          await change("post", "/v1/review/{review_id}/undo", { path });
          isSaid = false;
          putBack(item);
          tell("Taken back: it is yours again");
          void invalidate(queries, ["/v1/review"]);
        } catch (failed) {
          toastError(failed);
        }
      });
    };
    // From now on, not when it is saved: until then it would take back the one before.
    setUndoLast(() => undo);
    inTurn(async () => {
      try {
        const said: Said = act === "skip" ? await change("post", "/v1/review/{review_id}/skip", { path, body: { next: null, for_everybody: false } }) : "verdict" in act ? await change("post", "/v1/review/{review_id}/label", { path, body: { verdict: act.verdict, next: null, add_to_dataset: true } }) : await change("post", "/v1/review/{review_id}/correct", { path, body: { expected: act.expected, next: null, add_to_dataset: true } });
        if (savedLast.current !== null && savedLast.current !== item.id) written.current.delete(savedLast.current);
        savedLast.current = item.id;
        isSaid = true;
        tell(act === "skip" ? "Left to others" : said.dataset_item ? (said.dataset_item.added ? "Kept in the dataset" : "The dataset has it already") : "Noted", { label: "Undo", run: undo });
        void invalidate(queries, ["/v1/review", "/v1/datasets"]);
      } catch (failed) {
        putBack(item);
        setUndoLast((was) => (was === undo ? undoLast : was));
        toastError(failed);
        return;
      }
      await claim();
    });
  };
  const item = queue[0] ?? (isAsking ? undefined : null);
  return { item, error: item ? null : error, decide, undo: undoLast, look, written: written.current };
}
