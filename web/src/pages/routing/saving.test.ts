import { expect, it, vi } from "vitest";
import type { Rule } from "./model";
import { Changed, isSame, moved, saveOver, withRule } from "./saving";

const rule = (name: string, model = "small") => ({ name, when: "input_tokens > 1", use: { model } }) as unknown as Rule;
const [a, b, c] = [rule("a"), rule("b"), rule("c")];

it("finds a rule by its name, wherever a colleague has put it", () => {
  expect(withRule([c, a, b], "a", rule("a", "big")).map((one) => [one.name, one.use["model"]])).toEqual([["c", "small"], ["a", "big"], ["b", "small"]]);
  expect(withRule([a], "a", rule("renamed")).map((one) => one.name)).toEqual(["renamed"]);
  expect(withRule([b], "a", a)).toEqual([b, a]);
  expect(withRule([b], null, a)).toEqual([b, a]);
});

it("moves a rule by its name", () => {
  expect(moved([a, b, c], "b", -1)).toEqual([b, a, c]);
  expect(moved([a, b, c], "b", 1)).toEqual([a, c, b]);
  expect(moved([a, b], "gone", 1)).toEqual([a, b]);
});

it("takes two answers for the same by what they say", () => {
  expect(isSame({ rules: [a], updated_at: "1" }, { rules: [{ use: a.use, when: a.when, name: a.name } as Rule], requirements: {}, updated_at: "2" })).toBe(true);
  expect(isSame({ rules: [a, b] }, { rules: [b, a] })).toBe(false);
  expect(isSame({ requirements: { min_quality: 0.5 } }, { requirements: { min_quality: 0.6 } })).toBe(false);
});

it("writes over what was seen", async () => {
  const write = vi.fn().mockResolvedValue({ rules: [b] });
  await expect(saveOver({ read: () => Promise.resolve({ rules: [a] }), write }, { rules: [a] }, { rules: [b] })).resolves.toEqual({ rules: [b] });
  expect(write.mock.calls).toEqual([[{ rules: [b] }]]);
});

it("writes nothing over what somebody else saved since, and says how it is", async () => {
  const write = vi.fn();
  const now = { rules: [a, c], requirements: { min_quality: 0.7 } };
  const refused = await saveOver({ read: () => Promise.resolve(now), write }, { rules: [a] }, { rules: [b] }).catch((error: unknown) => error);
  expect(write).not.toHaveBeenCalled();
  expect(refused).toBeInstanceOf(Changed);
  expect((refused as Changed).now).toBe(now);
  expect((refused as Changed).message).toBe("Somebody changed the rules: look again. Now: 1 a, 2 c; auto asks for what has a quality of at least 0.7. Nothing was saved.");
});
