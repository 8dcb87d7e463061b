import { describe, expect, it } from "vitest";
import { readState, writeState } from "@/lib/url-state";
import { FILTERS, NO_FILTERS, costParts, fileQueryOf, newInWords, newerThan, queryOf } from "./log";

const none = readState(FILTERS, {});

describe("the log", () => {
  it("asks for a version of a prompt only", () => {
    expect(queryOf({ ...none, version: 3 }).version).toBeNull();
    expect(queryOf({ ...none, prompt: "p", version: 3 }).version).toBe(3);
  });

  it("takes for a job or an experiment only what can be the id of one, so that no filter is shown that filters nothing", () => {
    const id = "01a1f97c-0a44-74be-a24a-64823095cf2d";
    expect(readState(FILTERS, { job: "typo", experiment: `${id}0` })).toEqual(none);
    const found = readState(FILTERS, { job: id, experiment: id.toUpperCase() });
    expect(queryOf(found)).toMatchObject({ job_id: id, experiment_id: id.toUpperCase() });
  });

  it("asks for an arm of an experiment only", () => {
    const experiment = "01a1f97c-0a44-74be-a24a-64823095cf2d";
    expect(queryOf({ ...none, arm: "control" }).arm).toBeNull();
    expect(queryOf({ ...none, experiment, arm: "control" })).toMatchObject({ experiment_id: experiment, arm: "control" });
    expect(queryOf({ ...none, experiment }).arm).toBeNull();
  });

  it("asks for yesterday's timeouts of a model, and keeps the question in the address", () => {
    const found = readState(FILTERS, { status: "timeout", model: "simulated/chat", since: "2026-11-24", until: "2026-11-24" });
    expect(queryOf(found)).toMatchObject({ status: "timeout", model: "simulated/chat", from: new Date(2026, 10, 24).toISOString(), to: new Date(2026, 10, 25).toISOString() });
    expect(writeState(FILTERS, {}, found)).toEqual({ status: "timeout", model: "simulated/chat", since: "2026-11-24", until: "2026-11-24" });
  });

  it("asks for dollars and seconds as people write them, and for no amount that is none", () => {
    expect(queryOf(readState(FILTERS, { cost: "0.0035", time: "2.5", error: "provider_timed_out", app: "shop", provider: "simulated" }))).toMatchObject({ min_cost_nusd: 3_500_000, min_latency_ms: 2_500, error_code: "provider_timed_out", app: "shop", provider: "simulated" });
    for (const typed of ["0", "-1", "dear", "1e3", ".", "0."]) expect(readState(FILTERS, { cost: typed, time: typed, key: typed })).toEqual(none);
  });

  it("asks for metadata where key and value are there, for reactions, and for scores from 0 to 1", () => {
    const judge = "01a1f97c-0a44-74be-a24a-64823095cf2d";
    expect(queryOf(readState(FILTERS, { meta: "device.os", value: "iOS 18", reaction: "down", judge, least: "0", most: ".5" }))).toMatchObject({ "metadata[device.os]": "iOS 18", reaction: "down", evaluator_id: judge, min_score: "0", max_score: ".5" });
    expect(Object.keys(queryOf({ ...none, meta: "plan" })).filter((one) => one.startsWith("metadata"))).toEqual([]);
    for (const typed of ["1.1", "2", "-0.1", "nan", "1e-1", "."]) expect(readState(FILTERS, { least: typed, most: typed, reaction: typed })).toEqual(none);
  });

  it("asks for the file of what is listed, and for nothing that is not asked for", () => {
    expect(fileQueryOf(none)).toEqual({});
    expect(fileQueryOf({ ...none, prompt: "p", meta: "a&b", value: "c=d", least: "0", cost: "0.001" })).toEqual({ prompt: "p", "metadata[a&b]": "c=d", min_score: "0", min_cost_nusd: "1000000" });
  });

  it("has no filter that is not taken away by showing all, and asks for nothing then", () => {
    expect(Object.keys(NO_FILTERS).sort()).toEqual(Object.keys(FILTERS).sort());
    expect(Object.values(queryOf(NO_FILTERS)).filter(Boolean)).toEqual([50]);
  });

  it("counts what is newer than the first row", () => {
    const rows = [{ id: "01a3" }, { id: "01a2" }, { id: "01a1" }];
    expect(newerThan(rows, "01a1")).toBe(2);
    expect(newerThan(rows, "01a3")).toBe(0);
    expect(newerThan(rows, undefined)).toBe(3);
  });

  it("does not count beyond a page", () => {
    expect(newInWords(3)).toBe("3 new");
    expect(newInWords(50)).toBe("50+ new");
  });
});

describe("the cost", () => {
  it.each([
    [{ cost_nusd: 100, markup_nusd: 0, attempts: [] }, { model: 100, failed: 0, markup: 0 }],
    [{ cost_nusd: 110, markup_nusd: 10, attempts: [{ cost_nusd: 30 }, { cost_nusd: 70 }] }, { model: 70, failed: 30, markup: 10 }],
    [{ cost_nusd: 0, markup_nusd: 0, attempts: [{ cost_nusd: 0 }] }, { model: 0, failed: 0, markup: 0 }],
  ])("is told in parts that sum up: %o", (run, parts) => {
    expect(costParts(run)).toEqual(parts);
    expect(parts.model + parts.failed + parts.markup).toBe(run.cost_nusd);
  });
});
