import { useEffect, useState } from "react";

/** What answers faster than this never flickers: no spinner and nothing dimmed before. Skeletons wait as long, by `late` in app.css. */
export const LATE_MS = 150;

/** Whether something has been so for a while. Over at once when it is over. */
export function useLate(isSo: boolean): boolean {
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    if (!isSo) return undefined;
    const timer = setTimeout(() => setLate(true), LATE_MS);
    return () => {
      clearTimeout(timer);
      setLate(false);
    };
  }, [isSo]);
  return isSo && isLate;
}

/** A value once it has stood for a while: what somebody types is asked about when they pause. */
export function useSettled<T>(value: T, ms = 250): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return settled;
}
