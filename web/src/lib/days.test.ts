import { expect, it } from "vitest";
import { betweenDays, dayBegins } from "./days";

it("asks for days as they are where one looks at them, to the end of the last", () => {
  expect([dayBegins("2026-02-28"), dayBegins("2026-02-28", 1)]).toEqual([new Date(2026, 1, 28).toISOString(), new Date(2026, 2, 1).toISOString()]);
  expect(["", "yesterday", "0002-02-28", "2026-2-8"].map((one) => dayBegins(one))).toEqual([undefined, undefined, undefined, undefined]);
  expect(dayBegins("9999-12-31", 2)).toBeUndefined();
  expect(betweenDays("2026-02-27", "9999-12-31").to ?? "no end").toMatch(/^(no end|9999-)/);
});

it("takes both days whole, and nothing of days the wrong way round", () => {
  expect(betweenDays("2026-02-27", "2026-02-28")).toEqual({ from: dayBegins("2026-02-27"), to: dayBegins("2026-03-01") });
  expect(betweenDays("", "2026-02-28")).toEqual({ from: undefined, to: dayBegins("2026-03-01") });
  const { from, to } = betweenDays("2026-02-28", "2026-02-27");
  expect(from).toBe(to);
});
