/** The days of a recount, which are days in UTC. Asked for, `to` is the moment after them; shown and typed, it is the last of them. Pure. */
import { day } from "@/lib/format";
import { DAY_MS } from "./time";

/** "2026-11-20" */
export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** What is asked for where these days were typed, both of them and all between. No end for today: until now. */
export function spanOf(from: string, to: string, now: number): { from: string; to?: string } {
  const start = { from: `${from}T00:00:00Z` };
  return to >= dayOf(now) ? start : { ...start, to: `${dayOf(Date.parse(to) + DAY_MS)}T00:00:00Z` };
}

/** "19 Nov 2026 – 20 Nov 2026", and "20 Nov 2026" of a single one. */
export function daysOf({ from, to }: { from: string; to: string }): string {
  const first = day(dayOf(Date.parse(from)));
  const last = day(dayOf(Date.parse(to) - 1));
  return first === last ? first : `${first} – ${last}`;
}
