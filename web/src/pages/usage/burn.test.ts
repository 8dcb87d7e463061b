import { expect, test } from "vitest";
import { DAY_MS, amountFault, balances, burnSeries, daysLeft, everyMove, isInFirstPeriod, monthsBefore, nusdOf, paceOf } from "./burn";

const START = Date.parse("2026-11-01T00:00:00Z");
const NOW = START + 2.5 * DAY_MS;

test("the balance goes down by what was charged and up by what came, to what the statement says", () => {
  const points = balances(100, 30, [{ day: "2026-11-01", cost_nusd: 1 }, { day: "2026-11-03", cost_nusd: 2 }], [{ at: "2026-11-02T08:00:00Z", amount_nusd: 50 }], START, NOW); // prettier-ignore
  expect(points.map((one) => one.value)).toEqual([100, 90, 140, 120]);
  expect(points.at(-1)?.x).toBe(NOW);
});

test("the pace is the projection's where there is one, else the mean since the first use", () => {
  expect(paceOf([{ day: "2026-11-02", cost_nusd: 30 }], null, NOW)).toEqual({ perDay: 15, low: null, high: null, days: 2 });
  expect(paceOf([], { expected_nusd: 110, low_nusd: 60, high_nusd: 210, spent_nusd: 10, days_left: 10, history_days: 20 } as never, NOW)).toEqual({ perDay: 10, low: 5, high: 20, days: 20 });
  expect(paceOf([], null, NOW)).toBeNull();
  expect([daysLeft(100, 10), daysLeft(-5, 10), daysLeft(100, 0)]).toEqual([10, 0, null]);
});

test("credit is never expected below nothing", () => {
  const [, expected] = burnSeries([], 10, { perDay: 100, low: null, high: null, days: 3 }, NOW, NOW + 3 * DAY_MS);
  expect(expected?.points.at(-1)?.value).toBe(0);
});

test("every transfer is read, however many pages they fill, and the rest of what is too much stands at the oldest", async () => {
  const at = (n: number) => `2026-11-${String(28 - n).padStart(2, "0")}T00:00:00Z`;
  const asked: (string | null)[] = [];
  const pages = (most: number) => async (cursor: string | null) => {
    asked.push(cursor);
    const n = Number(cursor ?? 0);
    return { data: [{ at: at(n), amount_nusd: 2 }], next_cursor: n + 1 < most ? String(n + 1) : null };
  };
  expect(await everyMove(pages(3), { sum: -6, from: at(27) })).toEqual([0, 1, 2].map((n) => ({ at: at(n), amount_nusd: -2 })));
  expect(asked).toEqual([null, "1", "2"]);
  const many = await everyMove(pages(1_000), { sum: 2_000, from: at(27) });
  expect([many.length, many.at(-1), many.reduce((sum, one) => sum + one.amount_nusd, 0)]).toEqual([26, { at: at(24), amount_nusd: 1_950 }, 2_000]);
});

test("months go back over the turn of the year, and amounts are read as typed", () => {
  expect(monthsBefore(Date.parse("2026-02-03T00:00:00Z"), 3)).toEqual(["2026-02", "2026-01", "2025-12"]);
  expect([nusdOf("2000000"), amountFault("2000000"), amountFault("$-3"), amountFault("x")]).toEqual([null, "At most $1,000,000.", "An amount above 0, such as 20.", "An amount above 0, such as 20."]);
  expect([nusdOf("12.50"), nusdOf("$3"), nusdOf("0"), nusdOf("x"), nusdOf("")]).toEqual([12_500_000_000, 3_000_000_000, 0, null, null]);
});

test("a budget counts from when it was made, in the period that ran then alone", () => {
  const month = { period: "month", resets_at: "2026-12-01T00:00:00Z" } as const;
  expect(isInFirstPeriod({ ...month, created_at: "2026-11-20T09:00:00Z" })).toBe(true);
  expect(isInFirstPeriod({ ...month, created_at: "2026-10-31T23:59:59Z" })).toBe(false);
  const day = { period: "day", resets_at: "2026-11-21T00:00:00Z" } as const;
  expect([isInFirstPeriod({ ...day, created_at: "2026-11-20T09:00:00Z" }), isInFirstPeriod({ ...day, created_at: "2026-11-19T09:00:00Z" })]).toEqual([true, false]);
});
