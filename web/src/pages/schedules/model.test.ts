import { describe, expect, it } from "vitest";
import { type Schedule, askedOf, bodyOf, changeOf, draftOf, emptyDraft, isComplete, rhythm } from "./model";

describe("rhythm", () => {
  it("says the usual ones in words and leaves others as they are", () => {
    expect(rhythm("5 3 * * *")).toBe("daily at 03:05");
    expect(rhythm("15 * * * *")).toBe("hourly at :15");
    expect(rhythm("0 6 * * 1")).toBe("Mondays at 06:00");
    expect(rhythm("0 6 1 * *")).toBe("0 6 1 * *");
    expect(rhythm("*/30 6 * * *")).toBe("*/30 6 * * *");
  });
});

describe("a schedule", () => {
  const draft = { ...emptyDraft("tickets", "d", "UTC"), time: "04:30", runUsd: "0.5", monthUsd: "2" };
  it("is sent with its caps in credits", () => {
    expect(bodyOf(draft)).toMatchObject({ every: "daily", hour: 4, minute: 30, month_credits: 200, optimization: { prompt: "tickets", budget: { evaluations: 2000, credits: 50 } } });
  });
  it("needs caps above nothing", () => {
    expect(isComplete(draft)).toBe(true);
    expect(isComplete({ ...draft, monthUsd: "" })).toBe(false);
    expect(isComplete({ ...draft, every: "cron", cron: " " })).toBe(false);
  });
  it("takes what people said in place of a dataset, and a dataset in place of that", () => {
    const known = { name: "", prompt: "tickets", cron: "0 6 * * 1", time_zone: "UTC", month_credits: "200", optimization: { prompt: "tickets", source: "feedback", budget: { evaluations: 900, credits: 50 } } } as unknown as Schedule;
    const shown = draftOf(known);
    expect(isComplete(shown)).toBe(true);
    expect(changeOf(shown, askedOf(known)).optimization).toEqual({ prompt: "tickets", method: "racing", source: "feedback", budget: { evaluations: 900, credits: 50 } });
    expect(changeOf({ ...shown, dataset: "d" }, askedOf(known)).optimization).toEqual({ prompt: "tickets", method: "racing", dataset_id: "d", budget: { evaluations: 900, credits: 50 } });
  });
  it("keeps of a run what the form does not show", () => {
    const known = { name: "", prompt: "tickets", cron: "0 6 * * 1", time_zone: "UTC", month_credits: "200", optimization: { prompt: "tickets", dataset_id: "d", method: "reflective", budget: { evaluations: 900, credits: 50, seconds: 60 } } } as unknown as Schedule;
    const changed = changeOf({ ...draftOf(known), evaluations: "1000" }, askedOf(known));
    expect(changed.optimization).toMatchObject({ method: "reflective", budget: { evaluations: 1000, credits: 50, seconds: 60 } });
    expect(changed).toMatchObject({ cron: "0 6 * * 1", month_credits: 200 });
  });
  it("names another method with its part, what counts and by which models", () => {
    const search = { ...draft.search, method: "evolutionary" as const, population: "12", changedLines: "3" };
    const sent = bodyOf({ ...draft, search, version: "2", task: "simulated/chat", minutes: "30" }).optimization;
    expect(sent).toMatchObject({ method: "evolutionary", evolutionary: { population: 12 }, constraints: { changed_lines_most: 3 }, version: 2, models: { task: "simulated/chat" }, budget: { seconds: 1800 } });
    expect(isComplete({ ...draft, search: { ...draft.search, method: "manual" } })).toBe(false);
  });
  it("shows what was asked for over the API, and keeps of it what has no field", () => {
    const optimization = {
      prompt: "tickets", dataset_id: "d", method: "evolutionary", evolutionary: { population: 8, generations: 4, selection: "pareto", elites: 1 }, seed: 7,
      constraints: { anchors: ["a"], tokens_most: 900 }, metrics: [{ metric: "accuracy", weight: 2 }, { metric: "cost", at_most: 1_000_000 }], models: { judge: "simulated/judge" }, budget: { evaluations: 900, credits: 50, seconds: 90 },
    }; // prettier-ignore
    const known = { name: "", prompt: "tickets", cron: "0 6 * * 1", time_zone: "UTC", month_credits: "200", optimization } as unknown as Schedule;
    expect(changeOf(draftOf(known), askedOf(known)).optimization).toEqual(optimization);
    const other = changeOf({ ...draftOf(known), search: { ...draftOf(known).search, method: "compression" } }, askedOf(known)).optimization;
    expect(other).toMatchObject({ method: "compression", constraints: { anchors: ["a"] } });
    expect(other).not.toHaveProperty("evolutionary");
  });
});
