/** What a version wants of its input and its answers, as a form holds it. Pure. */
export type Check = { name: string; settings: { kind: string; [field: string]: unknown } };
export type Side = "input_validators" | "output_validators";

/** By side: each kind, in words, and what it begins with. */
export const KINDS: Record<Side, readonly { kind: string; label: string; begins: Record<string, unknown> }[]> = {
  input_validators: [
    { kind: "size", label: "Size", begins: { most_characters: 10_000 } },
    { kind: "pattern", label: "Pattern", begins: { pattern: "" } },
    { kind: "json_schema", label: "JSON schema of the variables", begins: { schema: { type: "object" } } },
  ],
  output_validators: [
    { kind: "length", label: "Length", begins: { most_characters: 2_000 } },
    { kind: "contains", label: "Phrases", begins: { phrases: [], match: "all" } },
    { kind: "regex", label: "Pattern", begins: { pattern: "" } },
    { kind: "json_schema", label: "JSON schema", begins: { schema: { type: "object" } } },
    { kind: "expression", label: "Expression", begins: { expression: "" } },
    { kind: "toxicity", label: "No insults", begins: {} },
    { kind: "code", label: "Your own code", begins: { language: "python", code: "" } },
  ],
};

export function checksOf(content: object, side: Side): Check[] {
  const given = (content as Record<string, unknown>)[side];
  return Array.isArray(given) ? (given as Check[]) : [];
}

/** A first one, with a name that no other has. */
export function newCheck(side: Side, checks: readonly Check[], kind = KINDS[side][0]!.kind): Check {
  const taken = new Set(checks.map((one) => one.name));
  let name = kind;
  for (let n = 2; taken.has(name); n++) name = `${kind} ${n}`;
  return { name, settings: settingsOf(side, kind) };
}

export function settingsOf(side: Side, kind: string): Check["settings"] {
  return { kind, ...structuredClone(KINDS[side].find((one) => one.kind === kind)?.begins ?? {}) };
}

/** Undefined and "" take a field away: the API's own default holds. */
export function withSetting(check: Check, changes: Record<string, unknown>): Check {
  const settings: Check["settings"] = { ...check.settings, ...changes };
  for (const [field, value] of Object.entries(changes)) if (value === undefined) delete settings[field];
  return { ...check, settings };
}

export function linesOf(text: string): string[] {
  return text.split("\n").map((one) => one.trim()).filter(Boolean); // prettier-ignore
}
