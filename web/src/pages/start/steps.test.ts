import { describe, expect, it } from "vitest";
import { type Facts, type Job, belongsHere, chooseJob, choosePrompt, isDone, nextStep } from "@/api/first-steps";
import { connectLines, feedbackLines } from "./connect";

const nothing: Facts = { prompt: null, runs: 0, reactions: 0, job: null };

const job = (prompt: string, status: string, outcome: string | null): Job => ({ id: "j", prompt, status, outcome, suggestionId: null });

describe("the first steps", () => {
  it("come one after the other", () => {
    expect(nextStep(nothing)).toBe("prompt");
    expect(nextStep({ ...nothing, prompt: "a" })).toBe("run");
    expect(nextStep({ ...nothing, prompt: "a", runs: 1 })).toBe("feedback");
    expect(nextStep({ ...nothing, prompt: "a", runs: 1, reactions: 1 })).toBe("optimize");
    expect(nextStep({ prompt: "a", runs: 1, reactions: 1, job: job("a", "completed", "improved") })).toBeNull();
  });
  it("end with a search that found something better, not with one that runs or found nothing", () => {
    const done = [job("a", "running", null), job("a", "completed", "no_improvement"), job("a", "completed", "improved")].map((one) => isDone("optimize", { ...nothing, job: one }));
    expect(done).toEqual([false, false, true]);
  });
  it("are about the prompt that is live", () => {
    const draft = { slug: "draft", labels: { latest: 1 }, updated_at: "2026-11-20T10:00:00Z" };
    const live = { slug: "live", labels: { latest: 2, production: 1 }, updated_at: "2026-11-19T10:00:00Z" };
    expect([choosePrompt([draft, live]), choosePrompt([draft]), choosePrompt([])]).toEqual(["live", "draft", null]);
  });
  it("are all about one prompt: the one that was made better, if there is one", () => {
    const first = { slug: "first", labels: { production: 2 }, updated_at: "2026-11-19T10:00:00Z" };
    const second = { slug: "second", labels: { production: 1 }, updated_at: "2026-11-20T10:00:00Z" };
    const jobs = [job("second", "completed", "no_improvement"), job("gone", "completed", "improved"), job("first", "completed", "improved")];
    expect([choosePrompt([first, second], jobs), chooseJob("first", jobs)]).toEqual(["first", jobs[2]]);
    expect([choosePrompt([first, second], jobs.slice(0, 2)), chooseJob("second", jobs), chooseJob("first", jobs.slice(0, 2))]).toEqual(["second", jobs[0], null]);
    expect(choosePrompt([first, second], jobs, false), "there are more prompts than were read").toBe("gone");
  });
  it("are where somebody lands who has signed in: once, whoever has taken them, and while nothing has run", () => {
    expect([belongsHere(0, true), belongsHere(9, false), belongsHere(9, true)]).toEqual([true, true, false]);
  });
  it.each(["python", "typescript", "curl"] as const)("connect an application in %s", (language) => {
    const lines = connectLines(language, { url: "http://b:1", prompt: "triage", variables: ["ticket"] });
    expect(lines.split("\n").length).toBeLessThanOrEqual(3);
    for (const part of ["http://b:1/v1", "triage", "ticket", "BURNISH_KEY"]) expect(lines).toContain(part);
    expect(feedbackLines(language, "http://b:1")).toContain("execution_id");
  });
});
