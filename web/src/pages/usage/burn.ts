/** Credits over the month and how long they last. Pure. */
import type { Schema } from "@/api/client";
import type { Point, Series } from "@/chart";

export const DAY_MS = 86_400_000;
const MONTHS_BACK = 12;

export type Moved = { at: string; amount_nusd: number };
export type Spent = { day: string; cost_nusd: number };

/** "2026-11" and the eleven months before it, the newest first. */
export function monthsBefore(now: number, most = MONTHS_BACK): string[] {
  const today = new Date(now);
  return Array.from({ length: most }, (_, back) => new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() - back, 1)).toISOString().slice(0, 7));
}

/** The balance at the end of each day of the month so far. Charges are booked one by one; they are told by the day, and the whole of them
 * is what the statement says, so that the line ends at today's balance. */
export function balances(opening: number, charged: number, spent: readonly Spent[], moved: readonly Moved[], startMs: number, now: number): Point[] {
  const total = spent.reduce((sum, one) => sum + one.cost_nusd, 0);
  const scale = total > 0 ? charged / total : 0;
  const found: Point[] = [{ x: startMs, value: opening }];
  let balance = opening;
  for (let x = startMs; x <= now; x += DAY_MS) {
    const day = new Date(x).toISOString().slice(0, 10);
    for (const one of moved) if (one.at.slice(0, 10) === day) balance += one.amount_nusd;
    for (const one of spent) if (one.day === day) balance -= one.cost_nusd * scale;
    found.push({ x: Math.min(x + DAY_MS, now), value: balance });
  }
  return found;
}

type MovesPage = { data: readonly Moved[]; next_cursor?: string | null };
const PAGES_MOST = 25;

/** Every transfer of a kind, the newest first, page by page, with the sign of its `sum`. Beyond 25 pages what is left of the sum stands at the
 * oldest one that was read (or at `from`), so that the balance is right from there on. */
export async function everyMove(page: (cursor: string | null) => Promise<MovesPage>, { sum, from }: { sum: number; from: string }): Promise<Moved[]> {
  const found: Moved[] = [];
  let cursor: string | null = null;
  for (let read = 0; read < PAGES_MOST; read++) {
    const { data, next_cursor }: MovesPage = await page(cursor);
    found.push(...data.map((one) => ({ at: one.at, amount_nusd: Math.sign(sum) * one.amount_nusd })));
    cursor = next_cursor ?? null;
    if (cursor === null) return found;
  }
  const rest = sum - found.reduce((all, one) => all + one.amount_nusd, 0);
  return [...found, { at: found.at(-1)?.at ?? from, amount_nusd: rest }];
}

/** Whether a budget was made in the period that runs: what was spent in it before is not counted. */
export function isInFirstPeriod({ period, created_at, resets_at }: { period: "day" | "month"; created_at: string; resets_at: string }): boolean {
  const ends = new Date(resets_at);
  const begins = period === "day" ? ends.getTime() - DAY_MS : Date.UTC(ends.getUTCFullYear(), ends.getUTCMonth() - 1, ends.getUTCDate());
  return Date.parse(created_at) > begins;
}

export type Pace = { perDay: number; low: number | null; high: number | null; days: number };

/** What a day costs: as the projection to the month's end expects where there is one, else the mean of the days since the first use. */
export function paceOf(spent: readonly Spent[], projection: Schema<"ProjectionAnswer"> | null, now: number): Pace | null {
  if (projection && projection.expected_nusd !== null && projection.days_left > 0.5) {
    const each = (end: number | null) => (end === null ? null : Math.max(0, end - projection.spent_nusd) / projection.days_left);
    return { perDay: each(projection.expected_nusd) ?? 0, low: each(projection.low_nusd), high: each(projection.high_nusd), days: projection.history_days };
  }
  const used = spent.filter((one) => one.cost_nusd > 0).map((one) => Date.parse(one.day)).sort((a, b) => a - b); // prettier-ignore
  if (used[0] === undefined) return null;
  const days = Math.max(1, Math.ceil((now - used[0]) / DAY_MS));
  return { perDay: spent.reduce((sum, one) => sum + one.cost_nusd, 0) / days, low: null, high: null, days };
}

/** How many days what is left lasts; null where nothing is spent. */
export function daysLeft(left: number, perDay: number | null | undefined): number | null {
  return perDay && perDay > 0 ? Math.max(0, left) / perDay : null;
}

/** The balance so far, and where the pace leads: to the end of the month, or to nothing. */
export function burnSeries(points: readonly Point[], left: number, pace: Pace | null, now: number, endMs: number): Series[] {
  const so: Series = { name: "Credit left", color: 1, steps: true, points: [...points, { x: endMs, value: null }] };
  if (!pace || pace.perDay <= 0) return [so];
  const at = (perDay: number) => Math.max(0, left - (perDay * (endMs - now)) / DAY_MS);
  return [
    so,
    {
      name: "Expected",
      color: 2,
      dashed: true,
      points: [
        { x: now, value: left, ...(pace.low === null ? {} : { low: left, high: left }) },
        { x: endMs, value: at(pace.perDay), ...(pace.low === null || pace.high === null ? {} : { low: at(pace.high), high: at(pace.low) }) },
      ],
    },
  ];
}

/** As much as is taken at once, in dollars. */
export const DOLLARS_MOST = 1_000_000;

/** Why an amount cannot be taken, in words. */
export function amountFault(typed: string): string {
  return Number(typed.trim().replace(/^\$/, "")) > DOLLARS_MOST ? "At most $1,000,000." : "An amount above 0, such as 20.";
}

/** Dollars as somebody types them ("12.50") in nano-dollars; null for what is no amount from 0 to DOLLARS_MOST. */
export function nusdOf(typed: string): number | null {
  const dollars = Number(typed.trim().replace(/^\$/, ""));
  return typed.trim() !== "" && Number.isFinite(dollars) && dollars >= 0 && dollars <= DOLLARS_MOST ? Math.round(dollars * 1e9) : null;
}
