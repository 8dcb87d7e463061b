import { useEffect, useState } from "react";

/** The time, anew at each whole step: what is asked for moves on with the clock, and not more often. */
export function useNow(stepMs: number): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), Math.min(stepMs, 60_000));
    return () => clearInterval(timer);
  }, [stepMs]);
  return Math.floor(now / Math.min(stepMs, 3_600_000)) * Math.min(stepMs, 3_600_000);
}
