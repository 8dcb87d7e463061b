import { expect, it } from "vitest";
import { type Condition, WORDS, faultOf, fromExpression, inWords, missingOf, newTerm, operatorsOf, toExpression } from "./condition";

it.each([
  'variables.tier == "gold"',
  'language == "de" and input_tokens > 8000',
  'app in ["mobile", "web"] or not exists(user_id)',
  'starts_with(metadata.country.code, "D") and stream',
  '"refund" in variables.text and not background',
  'variables.n >= 2.5 and variables.trial == true',
  'ends_with(model, "say \\"and\\" or")',
])("reads what it writes: %s", (expression) => {
  const read = fromExpression(expression);
  expect(read && toExpression(read)).toBe(expression);
});

it.each(["len(variables.items) > 3", 'app == "a" and app == "b" or stream', '(app == "a")', "input_tokens % 2 == 0", "variables", "nothing == 1", 'lower(app) == "x"'])("leaves to its expression what a form cannot say: %s", (expression) => {
  expect(fromExpression(expression)).toBeNull();
  expect(inWords(expression)).toBeNull();
});

it("writes every operator of every word so that it is read again", () => {
  for (const { value: word } of WORDS) {
    for (const operator of operatorsOf(word)) {
      const isNumber = ["more", "least", "less", "most", "equals"].includes(operator);
      const isBare = ["given", "not_given", "true", "false"].includes(operator);
      const term = { word, name: word === "variables" || word === "metadata" ? "a.b" : "", operator, value: isBare ? "" : isNumber ? "12" : operator === "one_of" ? "x, y" : 'x "y"' };
      expect(faultOf(term)).toBeNull();
      const condition: Condition = { join: "and", terms: [term] };
      expect(fromExpression(toExpression(condition))).toEqual(condition);
    }
  }
});

it("says it in words", () => {
  expect(inWords('language == "de" and input_tokens > 8000')).toBe("the language is “de” and the input’s length in tokens is more than 8,000");
  expect(inWords("not stream")).toBe("the call is not streamed");
  expect(inWords('variables.tier in ["gold", "silver"]')).toBe("the variable tier is one of “gold”, “silver”");
});

it("says what is missing", () => {
  expect(faultOf(newTerm())).toMatch(/name/);
  expect(faultOf({ ...newTerm("input_tokens"), value: "x" })).toBe("A number.");
  expect(faultOf({ ...newTerm("app"), value: " " })).toMatch(/compared/);
});

it("says what a condition lacks, and in which of several terms", () => {
  const [whole, without] = [{ ...newTerm(), word: "language", operator: "is" as const, value: "de" }, { ...newTerm(), word: "input_tokens", operator: "least" as const, value: "" }];
  expect(missingOf({ join: "and", terms: [whole] })).toBeNull();
  expect(missingOf({ join: "and", terms: [without] })).toBe("The condition needs this: a number.");
  expect(missingOf({ join: "or", terms: [whole, without] })).toBe("Condition 2 needs this: a number.");
});
