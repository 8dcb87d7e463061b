import { expect, it } from "vitest";
import { untold } from "./tested";

it("says of a key that nobody was asked about that it was not tried", () => {
  const answer = { works: false, http_status: null, latency_ms: 0, models: null, error: "It can only be tried by a call." };
  expect(untold("ours", answer)).toBe("ours was not tried. It can only be tried by a call.");
  expect(untold("ours", { ...answer, http_status: 401, latency_ms: 212, error: null })).toBe("ours does not work.");
  expect(untold("ours", { ...answer, latency_ms: 30_000, error: "No answer." })).toBe("ours does not work. No answer.");
});
