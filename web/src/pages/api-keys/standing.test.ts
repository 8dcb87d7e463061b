import { describe, expect, it } from "vitest";
import { nusdOf, standingOf, typedOf } from "./standing";

const NOW = Date.parse("2026-11-20T12:00:00Z");

describe("a key", () => {
  it.each([
    [null, null, "active"],
    [null, "2026-11-20T12:00:01Z", "active"],
    [null, "2026-11-20T12:00:00Z", "expired"],
    ["2026-11-19T00:00:00Z", "2027-01-01T00:00:00Z", "revoked"],
  ] as const)("that was revoked at %s and ends at %s is %s", (revoked_at, expires_at, standing) => {
    expect(standingOf({ revoked_at, expires_at }, NOW)).toBe(standing);
  });
  it("has a budget in whole nano-dollars", () => {
    expect(["12.50", "$3", " 0.01 "].map(nusdOf)).toEqual([12_500_000_000, 3_000_000_000, 10_000_000]);
    expect([12_500_000_000, 100_000_000_000, 10, 0].map(typedOf)).toEqual(["12.5", "100", "0.00000001", "0"]);
    expect(["", "0", "-1", "x", "1e12"].map(nusdOf)).toEqual([null, null, null, null, null]);
  });
});
