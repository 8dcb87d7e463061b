import { expect, test } from "vitest";
import { ApiError } from "@/api/errors";
import { type Guardrail, does, draftOf, faultOf, pieces, settingsOf, sidesOf, wrongIn } from "./guardrail";

const guardrail = (settings: Record<string, unknown>): Guardrail => ({ id: "x", name: "n", prompts: [], sides: ["in"], settings, active: true, created_by: "", created_at: "", updated_at: "", object: "guardrail" });

test.each([
  [{ kind: "personal_data", kinds: ["email", "iban"], patterns: [], action: "mask" }, "Masks e-mail addresses and IBANs"],
  [{ kind: "secrets", action: "block" }, "Stops keys and passwords"],
  [{ kind: "deny", phrases: ["a b", "cd", "ef", "gh"], patterns: [], ignore_case: false }, "Stops “a b”, “cd”, “ef” and 1 more"],
  [{ kind: "injection", phrases: [] }, "Stops known attempts to override instructions"],
  [{ kind: "size", most_characters: 400, most_tokens: null }, "Stops more than 400 characters"],
  [{ kind: "language", languages: ["en", "de"] }, "Stops all but English and German"],
  [{ kind: "code", language: "python", code: "True", on_failure: "pass" }, "Stops what your Python does not let pass"],
])("each kind goes through the form unharmed and says what it does: %j", (settings, words) => {
  expect(settingsOf(draftOf(guardrail(settings)))).toEqual(settings);
  expect(does({ settings })).toBe(words);
});

test("what is missing is said at its field", () => {
  const draft = draftOf(null);
  expect(wrongIn(draft)).toEqual({});
  expect(wrongIn({ ...draft, sides: [] })).toHaveProperty("sides");
  expect(wrongIn({ ...draft, kinds: [] })).toHaveProperty("kinds");
  expect(wrongIn({ ...draft, kind: "deny" })).toHaveProperty("phrases");
  expect(wrongIn({ ...draft, kind: "size", characters: "many" })).toHaveProperty("characters");
  expect(wrongIn({ ...draft, kind: "size", characters: "0" })).toHaveProperty("characters");
  expect(wrongIn({ ...draft, patterns: [{ name: "", pattern: "x", longest: 100, ignore_case: false }] }).patterns).toMatch(/needs a name/);
  expect(wrongIn({ ...draft, patterns: [{ name: "", pattern: "", longest: 100, ignore_case: false }] }).patterns).toBe("");
});

test("attempts to override instructions are looked for on the way in alone", () => {
  expect(sidesOf({ ...draftOf(null), kind: "injection", sides: ["in", "out"] })).toEqual(["in"]);
});

test("a fault of the settings is found under both of its names", () => {
  expect(faultOf(new ApiError(422, { message: "no", param: "settings.deny.phrases[0]" }), "deny", "phrases")).toBe("no");
  expect(faultOf(new ApiError(422, { message: "no", param: "settings.patterns" }), "deny", "patterns")).toBe("no");
  expect(faultOf(new ApiError(422, { message: "no", param: "name" }), "deny", "patterns")).toBeUndefined();
});

test("masks are told from the text around them", () => {
  expect(pieces("I am [EMAIL_1], not [x]")).toEqual([{ text: "I am ", isMask: false }, { text: "[EMAIL_1]", isMask: true }, { text: ", not [x]", isMask: false }]); // prettier-ignore
});
