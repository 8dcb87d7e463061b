import { expect, it } from "vitest";
import { changesOf, draftOf } from "./workspace";

const FACTS = { name: "Desk", rate_limit_per_minute: 60, only_admins_change_prompts: false, platform_keys: true, share_statistics: false, protected_labels: ["production"], own_approval: true, test_run_gate: false };
const base = draftOf(FACTS as never);

it("sends what somebody changed, and nothing else", () => {
  expect(changesOf(base, base)).toEqual({});
  expect(changesOf({ ...base, name: " Help desk ", labels: "Production, production" }, base)).toEqual({ name: "Help desk" });
  expect(changesOf({ ...base, ownApproval: false, labels: "" }, base)).toEqual({ own_approval: false, protected_labels: [] });
});

it("takes an empty rate for that of the plan", () => {
  expect(changesOf({ ...base, rate: " " }, base)).toEqual({ rate_limit_per_minute: null });
  expect(changesOf({ ...base, rate: "90" }, base)).toEqual({ rate_limit_per_minute: 90 });
  expect(changesOf({ ...base, rate: "" }, { ...base, rate: "" })).toEqual({});
});
