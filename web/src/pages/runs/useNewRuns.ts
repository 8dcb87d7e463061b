import { useCallback, useEffect, useRef, useState } from "react";
import { useLiveEvents, useLiveFigures } from "@/api/live";
import { type Filters, countNew } from "./log";

const PAUSE_MS = 3_000;

/** How many executions have come since the list was read. It looks when the live stream tells of something, and at most every three
 * seconds; the list itself stays still until somebody asks for them. */
export function useNewRuns(filters: Filters, newest: string | undefined, ready: boolean): number {
  const key = JSON.stringify(filters);
  const [found, setFound] = useState<{ key: string; newest: string | undefined; count: number }>({ key, newest, count: 0 });
  const live = useLiveFigures();
  const state = useRef({ due: 0, timer: undefined as ReturnType<typeof setTimeout> | undefined, looking: undefined as AbortController | undefined });

  const look = useCallback(() => {
    const { current } = state;
    if (current.timer !== undefined || document.hidden) return;
    const wait = Math.max(0, current.due - Date.now());
    current.timer = setTimeout(() => {
      current.timer = undefined;
      current.due = Date.now() + PAUSE_MS;
      current.looking?.abort();
      const looking = new AbortController();
      current.looking = looking;
      countNew(JSON.parse(key) as Filters, newest, looking.signal)
        .then((count) => (looking.signal.aborted ? undefined : setFound({ key, newest, count })))
        .catch(() => undefined); // The next event looks again; the list tells its own errors.
    }, wait);
  }, [key, newest]);

  // What finished shows in the figures of the last minute; a sum that stays the same may still be other executions.
  useEffect(() => {
    if (ready && live && live.total.executions > 0) look();
  }, [ready, live, look]);
  useLiveEvents(["execution.", "test_run.", "optimization.", "gap"], () => (ready ? look() : undefined));

  useEffect(() => {
    const { current } = state;
    current.due = Date.now() + PAUSE_MS;
    return () => {
      clearTimeout(current.timer);
      current.timer = undefined;
      current.looking?.abort();
    };
    // A list that was read anew begins anew.
    // oxlint-disable-next-line react/exhaustive-effect-dependencies
  }, [look]);

  return found.key === key && found.newest === newest ? found.count : 0;
}
