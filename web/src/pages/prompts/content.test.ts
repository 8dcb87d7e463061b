import { expect, it } from "vitest";
import { type Content, changeOf, changedFields, contentOf, inWords, meetingOf, mergedOnto, newlyRequired, roughTokens } from "./content";

const system = { role: "system", content: "Be brief." };
const user = { role: "user", content: "{{ticket}}" };
const base: Content = { messages: [system, user], model: "simulated/chat", temperature: 0.2 };

it("sends what changed, and a null for what was taken away", () => {
  expect(changeOf(base, { messages: [system, user], model: "simulated/reader", max_tokens: 20 })).toEqual({ model: "simulated/reader", temperature: null, max_tokens: 20 });
  expect(changedFields(base, { ...base, fallback_models: [], parameters: {} })).toEqual([]);
  expect(changedFields({ ...base, json_schema: { a: 1, b: 2 } }, { ...base, json_schema: { b: 2, a: 1 } })).toEqual([]);
});

it("takes from an answer what a version says, without nulls", () => {
  expect(contentOf({ ...base, version: 3, message: "why", top_p: null, messages: [{ role: "user", content: "x", name: null }] })).toEqual({ messages: [{ role: "user", content: "x" }], model: "simulated/chat", temperature: 0.2 });
});

it("puts a draft over a newer version where both changed different things", () => {
  const newest = { ...base, messages: [{ ...system, content: "Be kind." }, user], temperature: undefined };
  const draft = { ...base, messages: [system, { ...user, content: "Ticket: {{ticket}}" }], model: "simulated/reader" };
  expect(meetingOf(base, newest, draft)).toEqual({ byNewest: ["messages[0]", "temperature"], byDraft: ["messages[1]", "model"], merged: [], conflicts: [] });
  expect(mergedOnto(base, newest, draft, new Set())).toEqual({ messages: [{ ...system, content: "Be kind." }, { ...user, content: "Ticket: {{ticket}}" }], model: "simulated/reader", temperature: undefined });
});

it("asks about what both changed, and takes the answer", () => {
  const newest = { ...base, temperature: 0.9, max_tokens: 5 };
  const draft = { ...base, temperature: 0.1, max_tokens: 5 };
  expect(meetingOf(base, newest, draft).conflicts).toEqual(["temperature"]);
  expect(mergedOnto(base, newest, draft, new Set()).temperature).toBe(0.1);
  expect(mergedOnto(base, newest, draft, new Set(["temperature"])).temperature).toBe(0.9);
  const longer = { ...base, messages: [system, user, user] };
  expect(meetingOf(base, longer, { ...base, messages: [user] }).conflicts).toEqual(["messages"]);
});

it("puts changes of one message together where they lie in different lines", () => {
  const text = (content: string): Content => ({ ...base, messages: [{ ...system, content }, user] });
  const [before, newest, draft] = [text("Greet.\nBe brief.\nSay goodbye."), text("Greet warmly.\nBe brief.\nSay goodbye."), text("Greet.\nBe brief.\nWave.")];
  expect(meetingOf(before, newest, draft)).toMatchObject({ merged: ["messages[0]"], conflicts: [] });
  expect(mergedOnto(before, newest, draft, new Set()).messages[0]?.content).toBe("Greet warmly.\nBe brief.\nWave.");
  expect(mergedOnto(before, newest, draft, new Set(["messages[0]"])).messages[0]?.content).toBe(newest.messages[0]?.content);
  expect(meetingOf(before, text("Greet!\nBe brief.\nSay goodbye."), text("Greet?\nBe brief.\nSay goodbye."))).toMatchObject({ merged: [], conflicts: ["messages[0]"] });
});

it("names what callers have to give from now on", () => {
  const content = (text: string): Content => ({ ...base, messages: [{ role: "user", content: text }] });
  expect(newlyRequired(content('{{ticket}} {{tone: string = "kind"}}'), content('{{ticket}} {{tone}} {{city}} {{day: string = "today"}}'))).toEqual(["city", "tone"]);
  expect(newlyRequired(content("{{ticket}} {{city}}"), content("{{city}}"))).toEqual([]);
  expect(newlyRequired(content("{{"), content("{{city}}"))).toEqual([]);
});

it("counts tokens roughly, and says settings in words", () => {
  expect(roughTokens(["abcdefgh", "€"])).toBe(2 + 4 + 1 + 4);
  expect(inWords("timeout_s", 30)).toBe("30 s");
  expect(inWords("fallback_models", ["a", "b"])).toBe("a, b");
  expect(inWords("temperature", 0)).toBe("0");
  expect(inWords("temperature", null)).toBeNull();
});
