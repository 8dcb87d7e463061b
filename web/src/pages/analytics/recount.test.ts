import { expect, it } from "vitest";
import { daysOf, spanOf } from "./recount";

const NOW = Date.parse("2026-11-21T08:30:00Z");

it("asks for the whole of the last day that was typed", () => {
  expect(spanOf("2026-11-14", "2026-11-20", NOW)).toEqual({ from: "2026-11-14T00:00:00Z", to: "2026-11-21T00:00:00Z" });
  expect(spanOf("2026-11-30", "2026-11-30", Date.parse("2026-12-24T00:00:00Z"))).toEqual({ from: "2026-11-30T00:00:00Z", to: "2026-12-01T00:00:00Z" });
  expect(spanOf("2026-11-14", "2026-11-21", NOW)).toEqual({ from: "2026-11-14T00:00:00Z" });
});

it("shows the days that were counted, as they were typed", () => {
  expect(daysOf({ from: "2026-11-14T00:00:00Z", to: "2026-11-21T00:00:00Z" })).toBe("14 Nov 2026 – 20 Nov 2026");
  expect(daysOf({ from: "2026-11-20T00:00:00+00:00", to: "2026-11-21T00:00:00+00:00" })).toBe("20 Nov 2026");
  expect(daysOf({ from: "2026-11-14T08:30:00Z", to: "2026-11-21T08:30:00Z" })).toBe("14 Nov 2026 – 21 Nov 2026");
});
