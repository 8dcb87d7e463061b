import { describe, expect, it } from "vitest";
import { type Kind, groupsOf, isChosen, neverSent, stateOf, withGroup, withKind } from "./events";

const kind = (type: string, more: Partial<Kind> = {}): Kind => ({ type, version: 1, description: "", object: "", subscribable: true, filters: ["prompts"], by_name_alone: false, ...more });
const RAISED = kind("alert.raised", { filters: ["prompts", "labels"] });
const RESOLVED = kind("alert.resolved", { filters: ["prompts", "labels"] });
const LOW = kind("credits.low", { filters: [] });
const CREATED = kind("feedback.created", { by_name_alone: true });
const REACHED = kind("feedback.threshold_reached");
const KINDS = [RAISED, RESOLVED, LOW, CREATED, REACHED, kind("webhook.test", { subscribable: false })];
const GROUPS = groupsOf(KINDS);
const [ALERT, , FEEDBACK] = GROUPS as [(typeof GROUPS)[0], (typeof GROUPS)[0], (typeof GROUPS)[0]];

describe("the events of an endpoint", () => {
  it("come in groups, without what nobody can subscribe to", () => {
    expect(GROUPS.map((one) => [one.title, one.kinds.length])).toEqual([["Alert", 2], ["Credits", 1], ["Feedback", 2]]);
  });
  it("that go by their name alone are in no group and not in *", () => {
    expect(isChosen(["*", "feedback.*"], CREATED)).toBe(false);
    expect(isChosen(["feedback.created"], CREATED)).toBe(true);
    expect(stateOf(["feedback.*"], FEEDBACK)).toBe("all");
  });
  it("stay, all but one, when one of a group is taken away", () => {
    expect(withKind(["alert.*", "credits.low"], RAISED, GROUPS)).toEqual(["credits.low", "alert.resolved"]);
    expect(withKind(["*", "feedback.created"], RAISED, GROUPS)).toEqual(["feedback.created", "credits.*", "feedback.*", "alert.resolved"]);
    expect(withKind(["*"], CREATED, GROUPS)).toEqual(["*", "feedback.created"]);
  });
  it("are switched by the group", () => {
    expect(withGroup(["alert.raised"], ALERT, GROUPS)).toEqual(["alert.*"]);
    expect(withGroup(["alert.*", "credits.low"], ALERT, GROUPS)).toEqual(["credits.low"]);
    expect(withGroup(["*"], ALERT, GROUPS)).toEqual(["credits.*", "feedback.*"]);
    expect(withGroup(["feedback.created", "feedback.*"], FEEDBACK, GROUPS)).toEqual(["feedback.created"]);
  });
  it("that a filter can never match are named", () => {
    expect(neverSent(["*"], KINDS, { prompts: ["a"], labels: [] }).map((one) => one.type)).toEqual(["credits.low"]);
    expect(neverSent(["alert.*", "feedback.threshold_reached"], KINDS, { prompts: [], labels: ["b"] }).map((one) => one.type)).toEqual(["feedback.threshold_reached"]);
    expect(neverSent(["*"], KINDS, { prompts: [], labels: [] })).toEqual([]);
  });
});
