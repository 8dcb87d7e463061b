import { expect, it } from "vitest";
import { MODES, whoGets } from "./mode";

it("says in whole sentences who gets an answer again, and for how long", () => {
  expect(whoGets({ mode: "asked", ttl_s: 3_600 })).toBe("In this workspace an answer is given again where a version or a call asks for it. It is kept for 1\u00a0h.");
  expect(whoGets({ mode: "off", ttl_s: 3_600 })).toBe("In this workspace no answer is given again, whoever asks, and no new one is kept.");
  for (const { value } of MODES) expect(whoGets({ mode: value, ttl_s: 60 })).toMatch(/^[A-Z].*\.$/);
});
