import { expect, it } from "vitest";
import { figuresByPrompt } from "./figures";

it("weights the days of a prompt by their reactions", () => {
  const cost = { group: "triage", executions: 9, input_tokens: 1, output_tokens: 1, cached_input_tokens: 0, cost_nusd: 5, credits: "0", simulated: true };
  const of = (value: number, samples: number) => ({ value, samples, low: 0, high: 1 });
  const found = figuresByPrompt([cost], [
    { group: "triage", satisfaction: of(1, 30) },
    { group: "triage", satisfaction: of(0.5, 10) },
    { group: "quiet", satisfaction: null },
    { group: "", satisfaction: of(1, 1) },
  ]);
  expect(found.get("triage")).toEqual({ executions: 9, costNusd: 5, satisfaction: 0.875, samples: 40 });
  expect([...found.keys()]).toEqual(["triage"]);
});
