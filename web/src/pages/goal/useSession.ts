import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { change, invalidate, keyOf, useRead } from "@/api/hooks";
import { stream } from "@/api/stream";
import { toastError } from "@/kit";
import { type Given, type Pending, type Session, newer, unheard } from "./goal";

const PATH = "/v1/clarifications/{clarification_id}";
const NONE: Pending = {};
/** A stream that breaks off is made good by this. */
const LOOK_AGAIN_MS = 3_000;

async function follow(id: string, heard: (now: Session) => void, signal: AbortSignal): Promise<void> {
  for await (const event of stream(`/v1/clarifications/${encodeURIComponent(id)}/events`, { signal })) {
    if (event.event === "session") heard(JSON.parse(event.data) as Session);
  }
}

function without(pending: Pending, question: string): Pending {
  return Object.fromEntries(Object.entries(pending).filter(([id]) => id !== question));
}

/** One session as it goes: read once, then followed while a model is at work. What is answered here holds at once. */
export function useWizard(id: string) {
  const queries = useQueryClient();
  const params = useMemo(() => ({ path: { clarification_id: id } }), [id]);
  const [pending, setPending] = useState(NONE);
  const found = useRead(PATH, params, { refetchInterval: false });
  const session: Session | undefined = found.data;
  const isAtWork = session !== undefined && session.task !== null && session.status !== "expired";

  const heard = useCallback(
    (now: Session) => {
      queries.setQueryData<Session>(keyOf(PATH, params), (before) => (before ? { ...before, ...newer(before, now) } : now));
      setPending((before) => unheard(now, before));
    },
    [queries, params],
  );

  useEffect(() => {
    if (!isAtWork) return undefined;
    const leaving = new AbortController();
    const again = setInterval(() => void invalidate(queries, [PATH]), LOOK_AGAIN_MS);
    follow(id, heard, leaving.signal).catch(() => undefined);
    return () => {
      clearInterval(again);
      leaving.abort();
    };
  }, [isAtWork, id, heard, queries]);

  // One after the other: an answer that was changed at once must not arrive before the first one, nor the wish to have it written.
  const last = useRef<Promise<unknown>>(Promise.resolve());
  const inTurn = (send: () => Promise<Session>): Promise<Session> => {
    const mine = last.current.then(send);
    last.current = mine.catch(() => undefined);
    return mine;
  };

  /** Whether it was taken. */
  const answer = async (question: string, given: Given): Promise<boolean> => {
    setPending((before) => ({ ...before, [question]: given }));
    try {
      heard(await inTurn(() => change("post", "/v1/clarifications/{clarification_id}/answers", { ...params, query: { wait_s: 0 }, body: { answers: [{ question_id: question, answer: given }] } })));
      return true;
    } catch (failed) {
      setPending((before) => without(before, question));
      toastError(failed);
      void found.refetch();
      return false;
    }
  };
  const [isSending, setSending] = useState(false);
  const write = async () => {
    setSending(true);
    try {
      heard(await inTurn(() => change("post", "/v1/clarifications/{clarification_id}/final-prompt", { ...params, query: { wait_s: 0 } })));
    } catch (failed) {
      toastError(failed);
      void found.refetch();
    } finally {
      setSending(false);
    }
  };
  return { found, session, pending, answer, write, isSending, refresh: () => void found.refetch() };
}
