import { describe, expect, it } from "vitest";
import { readState } from "@/lib/url-state";
import { FILTERS, costParts, newInWords, newerThan, queryOf } from "./log";

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
