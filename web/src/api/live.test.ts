import { describe, expect, it } from "vitest";
import { isBelow } from "./hooks";
import { MADE_OLD, madeOldBy, madeOldByChange, waitBefore } from "./live";
import { mayOf } from "./session";

describe("the live stream", () => {
  it("waits longer each time, never longer than half a minute, and not all tabs alike", () => {
    expect([0, 1, 2, 3, 10, 99].map((tries) => waitBefore(tries, 0))).toEqual([1_000, 2_000, 4_000, 8_000, 30_000, 30_000]);
    expect(waitBefore(1, 0.999)).toBeGreaterThan(1_300);
  });

  it("knows what an event makes old", () => {
    expect(madeOldBy("prompt.label.moved")).toEqual(["/v1/prompts"]);
    expect(madeOldBy("suggestion.accepted")).toContain("/v1/prompts");
    expect(madeOldBy("promptly.else")).toEqual([]);
    expect(madeOldByChange(["comment"])).toContain("/v1/executions/{execution_id}/comments");
    for (const shows of ["/v1/executions", "/v1/feedback", "/v1/review", "/v1/chain-runs", "/v1/test-runs"]) expect(madeOldByChange(["execution"])).toContain(shows);
    expect(madeOldByChange(["member", "prompt", "a kind of tomorrow"])).toEqual(["/v1/members", "/v1/invitations", "/v1/prompts"]);
    for (const [begin, paths] of MADE_OLD) expect([begin.endsWith("."), paths.every((path) => path.startsWith("/v1/"))]).toEqual([true, true]);
  });

  it("means a path and all below it, not what only begins alike", () => {
    expect([isBelow("/v1/prompts", "/v1/prompts"), isBelow("/v1/prompts/{slug}/versions", "/v1/prompts"), isBelow("/v1/prompts-of-others", "/v1/prompts")]).toEqual([true, true, false]);
  });
});

describe("what a role may", () => {
  it("is what the guide to access says", () => {
    expect(mayOf("viewer")).toEqual({ run: true, edit: false, editPrompts: false, admin: false, operator: false });
    expect(mayOf("editor")).toEqual({ run: true, edit: true, editPrompts: true, admin: false, operator: false });
    expect(mayOf("editor", { onlyAdminsChangePrompts: true }).editPrompts).toBe(false);
    expect(mayOf("admin", { onlyAdminsChangePrompts: true, isOperator: true })).toEqual({ run: true, edit: true, editPrompts: true, admin: true, operator: true });
    expect(mayOf(null).run).toBe(false);
  });
});
