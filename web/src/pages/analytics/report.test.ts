import { afterEach, beforeEach, expect, it } from "vitest";
import { daysOf, kindWords } from "./report";

const before = process.env.TZ;

beforeEach(() => {
  process.env.TZ = "America/Los_Angeles";
});

afterEach(() => {
  if (before === undefined) delete process.env.TZ;
  else process.env.TZ = before;
});

it("names the days that a report covers, and not the one that it ends before", () => {
  expect(daysOf("2026-11-13T00:00:00Z", "2026-11-20T00:00:00Z")).toBe("13 Nov 2026 – 19 Nov 2026");
  expect(daysOf("2026-11-19T00:00:00Z", "2026-11-20T00:00:00Z")).toBe("19 Nov 2026");
});

it("names the days of a zone where it begins and ends with them, and else the moments", () => {
  expect(daysOf("2026-11-13T08:00:00Z", "2026-11-20T08:00:00Z")).toBe("13 Nov 2026 – 19 Nov 2026");
  expect(daysOf("2026-11-13T08:30:00Z", "2026-11-20T08:00:00Z")).toBe("13 Nov 2026, 00:30 – 20 Nov 2026, 00:00");
});

it("names kinds that it knows, and shows those to come as they are", () => {
  expect(kindWords("api_key")).toBe("API key");
  expect(kindWords("organization_unit")).toBe("organization unit");
});
