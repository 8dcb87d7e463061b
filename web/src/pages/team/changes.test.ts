import { expect, it } from "vitest";
import { changesOf } from "./changes";

it("tells what changed, what came and what went, and leaves out what stayed", () => {
  expect(changesOf({ name: "a", role: "viewer", gone: 1 }, { name: "a", role: "admin", scopes: ["x"] })).toEqual([
    { name: "role", before: "viewer", after: "admin" },
    { name: "gone", before: "1", after: undefined },
    { name: "scopes", before: undefined, after: '["x"]' },
  ]);
  expect(changesOf(null, null)).toEqual([]);
});
