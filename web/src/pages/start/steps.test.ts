import { describe, expect, it } from "vitest";
import { type Facts, choosePrompt, isDone, nextStep } from "@/api/first-steps";
import { belongsHere } from "./arrival";
import { connectLines, feedbackLines } from "./connect";

const nothing: Facts = { prompt: null, runs: 0, reactions: 0, job: null };

describe("the first steps", () => {
  it("come one after the other", () => {
    expect(nextStep(nothing)).toBe("prompt");
    expect(nextStep({ ...nothing, prompt: "a" })).toBe("run");
    expect(nextStep({ ...nothing, prompt: "a", runs: 1 })).toBe("feedback");
    expect(nextStep({ ...nothing, prompt: "a", runs: 1, reactions: 1 })).toBe("optimize");
    expect(nextStep({ prompt: "a", runs: 1, reactions: 1, job: { id: "j", status: "completed", outcome: "improved", suggestionId: "s" } })).toBeNull();
  });
  it("end with a job that has ended, not with one that runs", () => {
    expect(isDone("optimize", { ...nothing, job: { id: "j", status: "running", outcome: null, suggestionId: null } })).toBe(false);
  });
  it("are about the prompt that is live", () => {
    const draft = { slug: "draft", labels: { latest: 1 }, updated_at: "2026-11-20T10:00:00Z" };
    const live = { slug: "live", labels: { latest: 2, production: 1 }, updated_at: "2026-11-19T10:00:00Z" };
    expect([choosePrompt([draft, live]), choosePrompt([draft]), choosePrompt([])]).toEqual(["live", "draft", null]);
  });
  it("are where somebody lands who has signed in: while nothing has run, and once while a step is left", () => {
    const ran = { ...nothing, prompt: "a", runs: 1 };
    const done: Facts = { prompt: "a", runs: 1, reactions: 1, job: { id: "j", status: "completed", outcome: null, suggestionId: null } };
    expect([belongsHere(nothing, true), belongsHere(ran, false), belongsHere(ran, true), belongsHere(done, false)]).toEqual([true, true, false, false]);
  });
  it.each(["python", "typescript", "curl"] as const)("connect an application in %s", (language) => {
    const lines = connectLines(language, { url: "http://b:1", prompt: "triage", variables: ["ticket"] });
    expect(lines.split("\n").length).toBeLessThanOrEqual(3);
    for (const part of ["http://b:1/v1", "triage", "ticket", "BURNISH_KEY"]) expect(lines).toContain(part);
    expect(feedbackLines(language, "http://b:1")).toContain("execution_id");
  });
});
