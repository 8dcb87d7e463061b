import { describe, expect, it } from "vitest";
import { everyDay, isResting, lastFailed, nameOf, shareOf, standingOf, stateOfEndpoint, waitsFor, whyResting } from "./words";

const NOW = Date.parse("2026-11-20T15:00:00Z");

describe("an endpoint", () => {
  it.each([
    ["active", "2026-11-20T15:00:01Z", 0, 9, "failing"],
    ["active", "2026-11-20T14:59:59Z", 0, 9, "active"],
    ["active", "2026-11-20T14:59:59Z", 12, 9, "failing"],
    ["active", null, 2, 9, "active"],
    ["active", null, 1, 0, "failing"],
    ["paused", "2026-11-20T15:00:01Z", 12, 0, "paused"],
    ["disabled", "2026-11-20T15:00:01Z", 12, 0, "disabled"],
  ] as const)("that is %s, resting until %s, with %i failures in a row and %i arrived, is %s", (status, resting_until, failed_in_a_row, delivered_count, word) => {
    expect(stateOfEndpoint({ status, resting_until, failed_in_a_row, delivered_count }, NOW).word).toBe(word);
  });
  it("of an API that does not count failures fails while it rests, and only then", () => {
    expect(stateOfEndpoint({ status: "active", resting_until: "2026-11-20T15:00:01Z", delivered_count: 0 }, NOW).word).toBe("failing");
    expect(stateOfEndpoint({ status: "active", resting_until: null, delivered_count: 0 }, NOW).word).toBe("active");
    expect(lastFailed({})).toBeNull();
  });
  it("rests only while it is on, and only until then", () => {
    expect(isResting({ status: "active", resting_until: "2026-11-20T15:00:01Z" }, NOW)).toBe(true);
    expect(isResting({ status: "paused", resting_until: "2026-11-20T15:00:01Z" }, NOW)).toBe(false);
    expect(isResting({ status: "active", resting_until: "2026-11-20T15:00:00Z" }, NOW)).toBe(false);
    expect(isResting({ status: "active", resting_until: null }, NOW)).toBe(false);
  });
  it("says how many attempts failed since one arrived", () => {
    expect([0, 1, 1_204].map((failed_in_a_row) => lastFailed({ failed_in_a_row }))).toEqual([null, "The last attempt failed", "The last 1,204 attempts failed"]);
  });
  it("says why it is left in peace, as far as the API says it", () => {
    expect([whyResting("failures_in_a_row"), whyResting("failed_again"), whyResting(null)]).toEqual(["Ten attempts in a row did not arrive.", expect.stringContaining("longer"), "Too many attempts did not arrive."]);
  });
  it("is called by its host where nobody named it", () => {
    expect(nameOf({ url: "https://hooks.example.com/a?b", description: "" })).toBe("hooks.example.com");
    expect(nameOf({ url: "https://hooks.example.com/a", description: "Ticket desk" })).toBe("Ticket desk");
  });
  it("has no share before its first attempt", () => {
    expect(shareOf({ delivered_count: 0, failed_count: 0 })).toBeNull();
    expect(shareOf({ delivered_count: 3, failed_count: 1 })).toBe(0.75);
  });
  it("has a row for each day, also where nothing happened", () => {
    const days = everyDay([{ day: "2026-11-18", delivered: 4, failed: 1 }], 4, NOW);
    expect(days.map((one) => [new Date(one.at).toISOString().slice(5, 10), one.delivered, one.failed])).toEqual([["11-17", 0, 0], ["11-18", 4, 1], ["11-19", 0, 0], ["11-20", 0, 0]]);
  });
});

describe("a delivery", () => {
  it.each([
    ["endpoint_paused", "until its endpoint is resumed"],
    ["endpoint_resting", "until its endpoint is tried again"],
    ["next_attempt", null],
    [null, null],
  ] as const)("that waits for %s says: %s", (waits_for, words) => {
    expect(waitsFor({ waits_for })).toBe(words);
  });
  it.each([
    ["pending", 0, "waiting"],
    ["pending", 2, "trying again"],
    ["exhausted", 9, "dead letter"],
    ["delivered", 1, "delivered"],
  ] as const)("that is %s after %i attempts is %s", (status, attempts, word) => {
    expect(standingOf({ status, attempts }).word).toBe(word);
  });
});
