import { expect, it } from "vitest";
import { askedOf, saidOf } from "./queue";

it("tells what was asked by its variables, else by its messages", () => {
  expect(askedOf({ variables: { ticket: "Where?", n: 3 }, messages: [] })).toEqual([{ name: "ticket", text: "Where?" }, { name: "n", text: "3" }]);
  expect(askedOf({ variables: {}, messages: [{ role: "user", content: "Hi" }] })).toEqual([{ name: "user", text: "Hi" }]);
  expect(askedOf({ variables: null, messages: null })).toEqual([]);
});

it("tells what people and evaluators said", () => {
  expect(saidOf({ feedback: [{ kind: "thumb", thumb: "down", comment: "no" }], scores: [{ kind: "llm_judge", passed: false, reason: "rude" }] })).toEqual(["Thumb down: no", "llm_judge: not passed, rude"]);
  expect(saidOf({ feedback: [{ kind: "metric", metric: { name: "converted", value: 1 } }], scores: [{ kind: "jury", passed: null, score: null, reason: "one of two was silent" }] })).toEqual(["converted = 1", "jury: no score, one of two was silent"]);
});
