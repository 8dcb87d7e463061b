import { expect, it } from "vitest";
import { matching } from "./matching";
import { dollarsToNusd } from "./prices";

it("reads dollars", () => {
  expect(["2.50", "$0.075", "0", "", "x", "-1"].map(dollarsToNusd)).toEqual([2_500_000_000, 75_000_000, 0, null, null, null]);
});

it("finds models by words in any order", () => {
  const models = [
    { id: "own/gpt", provider: "openai", display_name: "GPT" },
    { id: "claude", provider: "anthropic", display_name: "Claude" },
  ];
  expect(matching(models, "open gpt").map((one) => one.id)).toEqual(["own/gpt"]);
  expect(matching(models, " ")).toHaveLength(2);
});
