import { expect, it } from "vitest";
import { exampleValues, snippet } from "./snippets";

const call = { url: "https://burnish.example", slug: "triage", hasLabel: true, version: 3, variables: [{ name: "user.name", required: true }, { name: "n", type: "number", required: true }, { name: "tone", required: false }] };

it("names every value that a call needs, and no other", () => {
  expect(exampleValues(call.variables)).toEqual({ user: { name: "…" }, n: 1 });
});

it("pins a version only where there is no label", () => {
  expect(snippet("curl", call)).not.toContain("version");
  expect(snippet("python", { ...call, hasLabel: false })).toContain('"version": 3');
  expect(snippet("node", call)).toContain('"prompt": "triage"');
});

it("lets no quote out of the shell's string", () => {
  expect(snippet("curl", { ...call, variables: [{ name: "it's", required: true }] })).toContain("it'\\''s");
});
