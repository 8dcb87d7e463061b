import { expect, it } from "vitest";
import { takenBack, trialsOf, trialsOfListed } from "./trials";

const NOW = Date.parse("2026-11-30T12:00:00Z");
const arms = [{ name: "control", mode: "live", control: true, version: 1 }, { name: "candidate", mode: "live", control: false, version: 3 }];
const rollout = { id: "r", name: "JSON", kind: "rollout", status: "running", rollout_state: "ramping", arms, rollout: { steps: [0.005, 0.5, 1] }, step: 1 };
const back = { ...rollout, status: "completed", rollout_state: "rolled_back", verdict: { outcome: "rolled_back", decided_by: "system:experiments" }, completed_at: "2026-11-29T12:00:00Z" };
const said = (...experiments: object[]) => trialsOf(experiments as never, NOW).map(({ words, tone }) => `${words.replaceAll("\u00a0", " ")} (${tone})`);

it("says who gets another version than the label names", () => {
  expect(said(rollout)).toEqual(["v3 to 50 % (accent)"]);
  expect(said({ ...rollout, step: 0 })).toEqual(["v3 to 0.5 % (accent)"]);
  expect(said({ ...rollout, rollout_state: "holding" }, { ...rollout, kind: "ab" }, { ...rollout, kind: "ab", status: "paused" })).toEqual(["rollout waits for you (warn)", "experiment runs (accent)", "experiment paused (warn)"]);
  expect(said({ ...rollout, status: "draft" })).toEqual([]);
});

it("says for a week that a rollout was taken back by its rule, until the next one begins", () => {
  expect(said({ ...rollout, status: "draft" }, back)).toEqual(["v3 rolled back (bad)"]);
  expect(said({ ...back, completed_at: "2026-11-20T12:00:00Z" })).toEqual([]);
  expect(said(rollout, back)).toEqual(["v3 to 50 % (accent)"]);
  expect(said({ ...back, verdict: { outcome: "rolled_back", decided_by: "user:ada" } })).toEqual([]);
  expect(said({ ...back, verdict: { outcome: "rolled_out", decided_by: "system:experiments" } }, back)).toEqual([]);
});

it("remembers of a version how its last experiment ended", () => {
  const of = (version: number, ...experiments: object[]) => takenBack(experiments as never, version)?.name ?? null;
  expect([of(3, rollout, back), of(2, back), of(1, back)]).toEqual(["JSON", null, null]);
  expect(of(3, { ...back, verdict: { outcome: "rolled_out", decided_by: "system:experiments" } }, back)).toBeNull();
});

it("says in the list what is on a prompt's calls, as its page does", () => {
  const listed = { id: "r", name: "JSON", kind: "rollout", status: "running", label: "production", rollout_state: "ramping", share: 0.5 };
  const words = (...experiments: object[]) => trialsOfListed(experiments as never).map((one) => `${one.words.replaceAll("\u00a0", " ")} (${one.tone})`);
  expect(words(listed, { ...listed, rollout_state: "holding" }, { ...listed, status: "paused" })).toEqual(["rollout to 50 % (accent)", "rollout waits for you (warn)", "rollout paused (warn)"]);
  expect(words({ ...listed, kind: "ab", rollout_state: null, share: null }, { ...listed, kind: "ab", status: "paused", share: null })).toEqual(["experiment runs (accent)", "experiment paused (warn)"]);
});
