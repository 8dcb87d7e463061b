import { expect, it } from "vitest";
import { changesOf, objectOf, readable } from "./changes";

it("tells what changed, what came and what went, and leaves out what stayed", () => {
  expect(changesOf({ name: "a", role: "viewer", gone: 1 }, { name: "a", role: "admin", scopes: ["x"] })).toEqual([
    { name: "role", before: "viewer", after: "admin" },
    { name: "gone", before: "1", after: undefined },
    { name: "scopes", before: undefined, after: '["x"]' },
  ]);
  expect(changesOf(null, null)).toEqual([]);
});

it("calls what was changed by its name where that is known", () => {
  const nameOf = (actor: string) => (actor === "api_key:k1" ? "API key app" : actor);
  expect(objectOf({ object_kind: "budget", object_id: "b1", before: { name: "May" }, after: { name: "June" } }, nameOf)).toBe("budget June");
  expect(objectOf({ object_kind: "api_key", object_id: "k2", before: { name: "old" }, after: null }, nameOf)).toBe("api key old");
  expect(objectOf({ object_kind: "api_key", object_id: "k1", before: null, after: { expires_at: null } }, nameOf)).toBe("API key app");
  expect(objectOf({ object_kind: "alert_rule", object_id: "r1" }, nameOf)).toBe("alert rule r1");
  expect(readable({ name: "May", target_kind: "api_key", target_id: "k1" }, nameOf)).toEqual({ name: "May", target_kind: "api_key", target_id: "API key app" });
  expect(readable({ target_kind: "prompt", target_id: "triage" }, nameOf)).toEqual({ target_kind: "prompt", target_id: "triage" });
});
