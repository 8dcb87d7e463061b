import { expect, it } from "vitest";
import { addressesIn, chosenBeside, strangersAmong } from "./mentions";

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
