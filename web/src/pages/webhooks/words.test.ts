import { describe, expect, it } from "vitest";
import { everyDay, nameOf, shareOf, standingOf, stateOfEndpoint, waitsFor, whyResting } from "./words";

const NOW = Date.parse("2026-11-20T15:00:00Z");

describe("an endpoint", () => {
  it("fails while it is left in peace, and only then", () => {
    expect(stateOfEndpoint({ status: "active", resting_until: "2026-11-20T15:00:01Z" }, NOW).word).toBe("failing");
    expect(stateOfEndpoint({ status: "active", resting_until: "2026-11-20T14:59:59Z" }, NOW).word).toBe("active");
    expect(stateOfEndpoint({ status: "disabled", resting_until: "2026-11-20T15:00:01Z" }, NOW).word).toBe("disabled");
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
