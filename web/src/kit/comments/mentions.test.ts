import { expect, it } from "vitest";
import { addressesIn, chosenBeside, strangersAmong, typedAt, withMention } from "./mentions";

const MEMBERS = [
  { user_id: "1", email: "Grace@Example.com", name: "Grace" },
  { user_id: "2", email: "alan@example.com", name: "Alan" },
];

it("finds addresses behind an @ as the gateway does, and no others", () => {
  expect(addressesIn("@grace@example.com, see @Alan@Example.com. And (@grace@example.com)")).toEqual(["grace@example.com", "alan@example.com"]);
  expect(addressesIn("mail grace@example.com or a@grace@example.com, @grace alone, é@grace@example.com")).toEqual([]);
});

it("names those who are no member, and nobody who is", () => {
  expect(strangersAmong(addressesIn("@grace@example.com @garce@example.com"), MEMBERS)).toEqual(["garce@example.com"]);
});

it("keeps those who were chosen beside the text when it is edited, and nobody who is gone", () => {
  const mentioned = [{ user_id: "1", name: "Grace" }, { user_id: "2", name: "Alan" }, { user_id: "3", name: null }]; // prettier-ignore
  expect(chosenBeside("@grace@example.com look", mentioned, MEMBERS)).toEqual(["2"]);
});

it("knows the mention that is being typed at the caret, by name or by address", () => {
  expect(typedAt("See @gra", 8)).toEqual({ start: 4, words: "gra" });
  expect(typedAt("@grace@exam and more", 11)).toEqual({ start: 0, words: "grace@exam" });
  expect(typedAt("(@", 2)).toEqual({ start: 1, words: "" });
  expect([typedAt("mail grace@", 11), typedAt("@gra ", 5), typedAt("See @gra", 3), typedAt("none", 4)]).toEqual([null, null, null, null]);
});

it("puts an address in the place of what was typed, with one space behind it", () => {
  expect(withMention("See @gra", 4, 8, "@grace@example.com")).toEqual({ text: "See @grace@example.com ", caret: 23 });
  expect(withMention("@gra, look", 0, 4, "@grace@example.com")).toEqual({ text: "@grace@example.com, look", caret: 18 });
});
