import { expect, it } from "vitest";
import { actorOf, changesOf } from "./changes";

it("tells what changed, what came and what went, and leaves out what stayed", () => {
  expect(changesOf({ name: "a", role: "viewer", gone: 1 }, { name: "a", role: "admin", scopes: ["x"] })).toEqual([
    { name: "role", before: "viewer", after: "admin" },
    { name: "gone", before: "1", after: undefined },
    { name: "scopes", before: undefined, after: '["x"]' },
  ]);
  expect(changesOf(null, null)).toEqual([]);
});

it("names who did it in few letters", () => {
  expect(["api_key:01a1f975-5e37-7621-abe5-0ff52ae0863e", "operator", "robot:123456789"].map(actorOf)).toEqual(["API key …e0863e", "operator", "robot …456789"]);
});
