import { expect, it } from "vitest";
import { taken } from "./taken";

it("says which name is taken, however it is typed around", () => {
  expect(taken("plan", " pro ", ["free", "pro"])).toBe("There is a plan pro: edit it.");
  expect([taken("plan", "pro-2", ["free", "pro"]), taken("plan", "", ["free"]), taken("plan", "pro", [])]).toEqual([undefined, undefined, undefined]);
});
