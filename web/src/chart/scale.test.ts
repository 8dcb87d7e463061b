import { expect, it } from "vitest";
import { roundEnds } from "./range";
import { momentsBetween, straight, ticksBetween } from "./scale";

it("puts values on a line and tells the value of a place", () => {
  const x = straight([0, 10], [100, 300]);
  expect([0, 5, 10, 12].map(x)).toEqual([100, 200, 300, 340]);
  expect(x.valueAt(200)).toBe(5);
  const down = straight([0, 1], [80, 0]);
  expect([down(0), down(0.25), down.valueAt(0)]).toEqual([80, 60, 1]);
});

it("leaves what lies beyond at the end where that is asked, from either side", () => {
  const y = straight([2, 4], [80, 0], { clamped: true });
  expect([1, 2, 3, 9].map(y)).toEqual([80, 80, 40, 0]);
  expect(straight([4, 2], [0, 80], { clamped: true })(9)).toBe(0);
});

it("puts values without a width in the middle", () => {
  expect(straight([3, 3], [0, 80])(3)).toBe(40);
});

it("has round ticks and round ends", () => {
  expect(ticksBetween([0.3, 9.7], 4)).toEqual([2, 4, 6, 8]);
  expect(roundEnds([0.3, 9.7], 4)).toEqual([0, 10]);
  expect(roundEnds([0, 0], 4)).toEqual([0, 0]);
  expect(roundEnds([-1.5, 98], 1)).toEqual([-1.5, 98]);
});

it("has whole hours and days of the clock that is asked for", () => {
  const noons = [Date.UTC(2026, 10, 1, 22, 30), Date.UTC(2026, 10, 3, 1)] as const;
  expect(momentsBetween(noons, 3, { isUtc: true }).map((one) => one.toISOString())).toEqual(["2026-11-02T00:00:00.000Z", "2026-11-02T12:00:00.000Z", "2026-11-03T00:00:00.000Z"]);
  expect(momentsBetween(noons, 3, { isUtc: false }).every((one) => one.getHours() % 12 === 0 && one.getMinutes() === 0)).toBe(true);
});
