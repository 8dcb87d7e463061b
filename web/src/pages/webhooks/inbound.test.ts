import { expect, it } from "vitest";
import { mappingOf, messageOf, missingIn, rebased, typedOf } from "./inbound";

const MAPPING = { execution_id: "data.run", score: "data.rating", metric: { name: "seconds", value: "data.s" }, imported: { source: "langfuse", id: "data.trace" } };

it("takes a mapping apart for its form, and puts it together as it was", () => {
  expect(typedOf(MAPPING)).toEqual({ execution_id: "data.run", score: "data.rating", "metric.name": "seconds", "metric.value": "data.s", "imported.source": "langfuse", "imported.id": "data.trace" });
  expect(mappingOf(typedOf(MAPPING))).toEqual(MAPPING);
  expect(mappingOf({ ...typedOf(MAPPING), "metric.name": " ", "metric.value": "", score: "" })).toEqual({ execution_id: "data.run", imported: MAPPING.imported });
});

it("says what a mapping lacks", () => {
  expect(missingIn({ thumb: "data.vote" })).toMatch(/id stands/);
  expect(missingIn({ session_id: "data.s" })).toMatch(/thumb/);
  expect(missingIn({ "imported.id": "data.t", "metric.value": "data.s" })).toBeNull();
});

it("reads a message, and says why it is none", () => {
  expect(messageOf('{"a": 1}').payload).toEqual({ a: 1 });
  expect(messageOf("")).toEqual({ payload: null });
  expect(messageOf("{").fault).toMatch(/no JSON/);
  expect(messageOf("[1]").fault).toMatch(/object/);
});

it("puts what was typed over what somebody saved meanwhile, and tells what they changed", () => {
  const base = { name: "survey", execution_id: "data.run", score: "data.rating", comment: "data.words" };
  const typed = { ...base, score: "data.rating / 5", comment: "", user_id: "data.customer" };
  const theirs = { name: "help desk", execution_id: "data.run", score: "data.stars", thumb: "data.vote", user_id: "data.customer" };
  const { typed: now, news } = rebased(base, typed, theirs);
  expect(now).toMatchObject({ name: "help desk", execution_id: "data.run", score: "data.rating / 5", comment: "", thumb: "data.vote", user_id: "data.customer" });
  expect(news).toEqual([
    { part: "name", theirs: "help desk", mine: null },
    { part: "score", theirs: "data.stars", mine: "data.rating / 5" },
    { part: "thumb", theirs: "data.vote", mine: null },
  ]);
  expect(rebased(base, base, base)).toEqual({ typed: base, news: [] });
});
