import { describe, expect, it } from "vitest";
import shared from "../../../tests/contracts/template_cases.json";
import { type Json, type Parameter, type PromptTemplate, type Snippet, TemplateError, type TemplateMessage, inspectTemplate, parseMessages, render } from "./template";

type Case = {
  name: string;
  template?: string;
  messages?: TemplateMessage[];
  parameters?: Record<string, Parameter>;
  variables: Record<string, Json>;
  snippets?: Record<string, Snippet>;
  slug?: string;
  text?: string;
  rendered?: unknown;
  used?: string[];
  error?: { at: "save" | "render"; code: string; param?: string; missing?: string[] };
};

const cases = shared.cases as unknown as Case[];

function parsed(one: Case): PromptTemplate {
  return parseMessages(one.messages ?? [{ role: "user", content: one.template }], one.parameters, one.snippets ?? {}, one.slug);
}

describe("the cases shared with Python", () => {
  it("are all there", () => expect(cases.length).toBeGreaterThan(190));

  it.each(cases.filter((one) => !one.error))("renders: $name", (one) => {
    const found = render(parsed(one), one.variables);
    expect(found.messages).toEqual(one.rendered ?? [{ role: "user", content: one.text }]);
    if (one.used) expect(found.used).toEqual(one.used);
  });

  it.each(cases.filter((one) => one.error))("refuses: $name", (one) => {
    const { at, code, missing, param } = one.error ?? {};
    let error: unknown;
    try {
      const template = parsed(one);
      expect(at, "it should have been refused when it was saved").toBe("render");
      render(template, one.variables);
    } catch (caught) {
      error = caught;
    }
    if (!(error instanceof TemplateError)) throw error ?? new Error("it was not refused");
    expect(error.code).toBe(code);
    if (missing) expect(error.at.missing).toEqual(missing);
    if (param) expect(error.param).toBe(param);
  });
});

describe("a text that is still being written", () => {
  it("shows the slots before the mistake, and where that is", () => {
    const { slots, error } = inspectTemplate("Hello {{name}} and {{oh no}} {{later}}");
    expect(slots.map((slot) => [slot.name, slot.from, slot.to])).toEqual([["name", 6, 14]]);
    expect(error?.at.from).toBe(19);
    expect(error?.message).toContain("line 1, column 20");
  });

  it("leaves out what a repetition gives itself", () => {
    const { slots, error } = inspectTemplate("{{#each xs as x}}{{x.a}}{{@index}}{{y}}{{/each}}{{x}} {{#if z}}");
    expect(slots.map((slot) => slot.name)).toEqual(["xs", "y", "x", "z"]);
    expect(error?.message).toContain("never closed");
  });
});
