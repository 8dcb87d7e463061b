import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { whoseFile } from "./whose-file";

const ours = (name: string) => readFileSync(`../docs/snippets/${name}`, "utf8");

it.each([
  ["litellm", ours("litellm_config.yaml")],
  ["promptfoo", ours("promptfooconfig.yaml")],
  ["langfuse", ours("langfuse.json")],
  ["openai", ours("openai_prompts.json")],
  ["tensorzero", ours("tensorzero.toml")],
  ["dspy", '{"route.predict": {"traces": [], "train": [], "demos": [], "signature": {"instructions": "Route it.", "fields": []}, "lm": null}}'],
  ["bundle", '{"format": "burnish.bundle", "version": 1, "prompts": []}'],
] as const)("knows a file of %s, whatever was chosen before", (format, text) => {
  expect([whoseFile(text, "bundle"), whoseFile(text, "openai")]).toEqual([format, format]);
});

it("leaves what was chosen where a file says nothing, or what two of them could say", () => {
  expect(whoseFile("[]", "langfuse")).toBe("langfuse");
  expect(whoseFile("prompts:\n  - a\nmodel_list:\n  - b\n", "litellm")).toBe("litellm");
  expect(whoseFile('{"id": "pmpt_1", "name": "a"}', "source")).toBe("source");
});
