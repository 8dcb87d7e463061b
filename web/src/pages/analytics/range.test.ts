import { expect, it } from "vitest";
import { GROUPS, groupsInFile, isHourly, RANGES, RANGE_NAMES, shownOf, windowsOf } from "./range";

const NOW = Date.parse("2026-11-20T15:20:00Z");

it("has in a file the groups of the table, or as many as an answer has points for", () => {
  const groups = RANGE_NAMES.map((one) => groupsInFile(windowsOf(one, NOW).now, RANGES[one].stepMs));
  expect(groups).toEqual([162, 200, 58, 200, 108]);
  RANGE_NAMES.forEach((one, n) => expect(((groups[n] ?? 0) + 1) * (RANGES[one].ms / RANGES[one].stepMs + 1)).toBeLessThanOrEqual(10_000));
});

it("takes a day for the last hour of an address that groups by what no minute has", () => {
  for (const group of GROUPS) {
    expect(shownOf({ range: "1h", group, prompt: "a" })).toEqual({ range: isHourly(group) ? "24h" : "1h", group, prompt: "a" });
    expect(shownOf({ range: "7d", group })).toEqual({ range: "7d", group });
  }
});
