/** The template language of prompts, as shared/burnish_shared/template has it. Both sides run tests/contracts/template_cases.json.
 *
 *     {{ name }}   {{ user.name }}   {{ items.0.title }}   {{ count: number }}   {{ tone = "friendly" }}   {{ limit: number = 3 }}   {{{{
 */

export const VARIABLE_TYPES = ["string", "number", "boolean", "object", "array"] as const;
export type VariableType = (typeof VARIABLE_TYPES)[number];

export const ROLES = ["system", "developer", "user", "assistant", "placeholder"] as const;
const GIVEN_ROLES = ["system", "developer", "user", "assistant", "tool"];
const MAX_TEMPLATE_CHARS = 262_144;
const MAX_SLOTS = 2_000;
const MAX_PATH_SEGMENTS = 8;
const MAX_SEGMENT_CHARS = 64;
const MAX_VARIABLES = 500;
const MAX_MESSAGES = 200;
const MAX_GIVEN_MESSAGES = 1_000;
const MAX_OUTPUT_BYTES = 1_048_576;
const MAX_VALUE_DEPTH = 32;

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A place that a variable fills; `from` and `to` are where it stands in the text, braces and all. */
export type Slot = { path: string[]; name: string; type: VariableType | null; default?: Json; from: number; to: number };
export type Part = string | Slot;
export type Variable = { path: string[]; name: string; type: VariableType | null; default?: Json };
export type Parameter = { type?: string | null; default?: Json };
export type TemplateMessage = { role: string; content?: unknown; name?: string | null; optional?: boolean };

/** Why a text is no template, or values do not fit one. `from` is the offset of the `{{` at fault, where there is one. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";
  constructor(
    message: string,
    readonly code: "invalid_field" | "missing_variables" | "payload_too_large",
    readonly param: string,
    readonly at: { from?: number; missing?: string[] } = {},
  ) {
    super(message);
  }
}

const SLOT = /[ \t\r\n]*([A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*)[ \t\r\n]*(?::[ \t\r\n]*([A-Za-z_]+)[ \t\r\n]*)?(?:=[ \t\r\n]*("(?:[^"\\\x00-\x1f]|\\.)*"|-?[0-9][0-9.eE+-]*|true|false)[ \t\r\n]*)?\}\}/y;

const LATER: [string, string][] = [
  ["#if", "Conditions ({{#if}}) come with a later release"],
  ["#each", "Loops ({{#each}}) come with a later release"],
  ["#", "Blocks ({{#…}}) come with a later release"],
  ["/", "Blocks ({{/…}}) come with a later release"],
  ["^", "Blocks ({{^…}}) come with a later release"],
  ["else", "Conditions ({{else}}) come with a later release"],
  [">", "Snippets ({{> slug@label}}) come with a later release"],
  ["!", "Comments ({{! …}}) are not part of the template language"],
  ["{", "Three braces ({{{) have no meaning"],
];

/** The parts of a text in order. Throws TemplateError for what is not in the language. */
export function parseTemplate(text: string, param = "content"): Part[] {
  if (text.length > MAX_TEMPLATE_CHARS && [...text].length > MAX_TEMPLATE_CHARS) {
    throw new TemplateError(`A template has at most ${MAX_TEMPLATE_CHARS.toLocaleString("en-US")} characters.`, "invalid_field", param);
  }
  const parts: Part[] = [];
  let literal = "";
  let slots = 0;
  let at = 0;
  for (;;) {
    const opened = text.indexOf("{{", at);
    if (opened < 0) break;
    literal += text.slice(at, opened);
    if (text.startsWith("{{{{", opened)) {
      literal += "{{";
      at = opened + 4;
      continue;
    }
    if (++slots > MAX_SLOTS) throw new TemplateError(`A template has at most ${MAX_SLOTS.toLocaleString("en-US")} places for variables.`, "invalid_field", param);
    const slot = slotAt(text, opened, param);
    if (literal) parts.push(literal);
    literal = "";
    parts.push(slot);
    at = slot.to;
  }
  literal += text.slice(at);
  if (literal) parts.push(literal);
  return parts;
}

/** The slots of a text that may still be half written, and the first thing that is wrong with it. For editors. */
export function inspectTemplate(text: string): { slots: Slot[]; error: TemplateError | null } {
  try {
    return { slots: parseTemplate(text).filter((part) => typeof part !== "string"), error: null };
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    const upTo = error.at.from ?? 0;
    const before = upTo > 0 ? inspectTemplate(text.slice(0, upTo)) : { slots: [] };
    return { slots: before.slots, error };
  }
}

function slotAt(text: string, opened: number, param: string): Slot {
  const refuse = (why: string) =>
    new TemplateError(`${why} (${place(text, opened)}). Write {{{{ where the text itself needs {{.`, "invalid_field", param, { from: opened });
  SLOT.lastIndex = opened + 2;
  const found = SLOT.exec(text);
  if (!found || found[1] === "else") throw refuse(whyNot(text, opened));
  const name = found[1] ?? "";
  const path = name.split(".");
  if (!fits(path)) throw refuse(`A variable's path has at most ${MAX_PATH_SEGMENTS} parts of at most ${MAX_SEGMENT_CHARS} characters`);
  const type = found[2] ?? null;
  if (type !== null && !isType(type)) throw refuse(`'${type.slice(0, 40)}' is no type; use one of ${VARIABLE_TYPES.join(", ")}`);
  const to = SLOT.lastIndex;
  if (found[3] === undefined) return { path, name, type, from: opened, to };
  const value = defaultOf(found[3]);
  if (value === undefined) throw refuse(`The default ${found[3].slice(0, 40)} is no JSON string, finite number, true or false that can be stored`);
  if (type !== null && typeOf(value) !== type) throw refuse(`The default of '${name}' is a ${typeOf(value)}, not a ${type}`);
  return { path, name, type, default: value, from: opened, to };
}

function isType(type: string): type is VariableType {
  return (VARIABLE_TYPES as readonly string[]).includes(type);
}

function defaultOf(written: string): Json | undefined {
  try {
    const value = JSON.parse(written) as Json;
    if (typeof value === "string") return value.includes("\0") || /\p{Surrogate}/u.test(value) ? undefined : value;
    return typeof value === "number" && !Number.isFinite(value) ? undefined : value;
  } catch {
    return undefined;
  }
}

function fits(path: string[]): boolean {
  return path.length <= MAX_PATH_SEGMENTS && path.every((segment) => segment.length <= MAX_SEGMENT_CHARS);
}

function whyNot(text: string, opened: number): string {
  const inside = text.slice(opened + 2, opened + 60).trimStart();
  for (const [beginning, why] of LATER) {
    if (inside.startsWith(beginning) && (beginning !== "else" || !/^else[A-Za-z0-9_.-]/.test(inside))) return why;
  }
  if (text.indexOf("}}", opened) < 0) return "A {{ is never closed by }}";
  return "Between {{ and }} stands a variable's name, with an optional type and default: {{name}}, {{user.name}}, {{count: number = 3}}";
}

function place(text: string, offset: number): string {
  const before = text.slice(0, offset);
  const line = before.split("\n").length;
  const column = [...before.slice(before.lastIndexOf("\n") + 1)].length + 1;
  return `line ${line}, column ${column}`;
}

export function typeOf(value: Json): VariableType | "null" {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value as VariableType;
}

/** The text that replaces `{{name}}`: strings as they are, all else as compact JSON. */
export function textOf(value: Json): string {
  if (typeof value === "string") return value;
  if (depthOf(value) > MAX_VALUE_DEPTH) throw new RangeError(`deeper than ${MAX_VALUE_DEPTH}`);
  return JSON.stringify(value);
}

function depthOf(value: Json, depth = 0): number {
  if (typeof value !== "object" || value === null || depth > MAX_VALUE_DEPTH) return depth;
  return Math.max(depth, ...Object.values(value).map((one) => depthOf(one, depth + 1)));
}

type Parsed = { role: string; name?: string; parts: Part[] } | { placeholder: string; optional: boolean };

export type PromptTemplate = {
  messages: Parsed[];
  /** Variables that the messages use, by name. */
  variables: Map<string, Variable>;
  /** Placeholders for lists of messages, in their order. */
  placeholders: string[];
  /** What a caller must give, sorted. */
  required: string[];
};

export function parseMessages(messages: readonly TemplateMessage[], parameters: Record<string, Parameter> = {}): PromptTemplate {
  if (messages.length < 1 || messages.length > MAX_MESSAGES) {
    throw new TemplateError(`A prompt has 1 to ${MAX_MESSAGES} messages, not ${messages.length}.`, "invalid_field", "messages");
  }
  const parsed = messages.map((message, index) => parseMessage(message, `messages[${index}]`));
  const slots = parsed.flatMap((one) => ("parts" in one ? one.parts.filter((part) => typeof part !== "string") : []));
  const declared = declare(slots, parameters);
  const used = new Set(slots.map((slot) => slot.name));
  const holders = parsed.flatMap((one) => ("placeholder" in one ? [one] : []));
  const clash = holders.map((one) => one.placeholder).find((name) => slots.some((slot) => slot.path[0] === name));
  if (clash !== undefined) throw new TemplateError(`'${clash}' is both a variable and a placeholder for messages; rename one.`, "invalid_field", "messages");
  const variables = new Map([...declared].filter(([name]) => used.has(name)));
  const required = [...variables.values()].filter((one) => one.default === undefined).map((one) => one.name);
  const needed = holders.filter((one) => !one.optional).map((one) => one.placeholder);
  return { messages: parsed, variables, placeholders: [...new Set(holders.map((one) => one.placeholder))], required: [...new Set([...required, ...needed])].sort() };
}

export function parseText(text: string, parameters: Record<string, Parameter> = {}): PromptTemplate {
  return parseMessages([{ role: "user", content: text }], parameters);
}

function parseMessage(message: TemplateMessage, param: string): Parsed {
  const { role, name } = message;
  if (!(ROLES as readonly string[]).includes(role)) throw new TemplateError(`A role is one of ${ROLES.join(", ")}, not '${String(role).slice(0, 40)}'.`, "invalid_field", `${param}.role`);
  if (role === "placeholder") {
    if (typeof name !== "string" || checkedPath(name, `${param}.name`).length !== 1) {
      throw new TemplateError("A placeholder's name is one variable name, such as 'history'.", "invalid_field", `${param}.name`);
    }
    return { placeholder: name, optional: message.optional === true };
  }
  if (typeof message.content !== "string") throw new TemplateError("A message needs its text in 'content'.", "invalid_field", `${param}.content`);
  return { role, parts: parseTemplate(message.content, `${param}.content`), ...(name ? { name } : {}) };
}

function checkedPath(name: string, param: string): string[] {
  const path = name.split(".");
  if (!/^[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*$/.test(name) || name === "else" || !fits(path)) {
    throw new TemplateError("A variable's name is letters, digits, '_' and '-', beginning with a letter or '_', with '.' between parts.", "invalid_field", param);
  }
  return path;
}

function declare(slots: Slot[], parameters: Record<string, Parameter>): Map<string, Variable> {
  const known = new Map<string, Variable>();
  for (const [name, given] of Object.entries(parameters)) {
    const path = checkedPath(name, "parameters");
    const type = given.type ?? null;
    if (type !== null && !isType(type)) throw new TemplateError(`'${String(type).slice(0, 40)}' is no type; use one of ${VARIABLE_TYPES.join(", ")}.`, "invalid_field", `parameters.${name}`);
    known.set(name, { path, name, type, ...(given.default === undefined || given.default === null ? {} : { default: given.default }) });
  }
  for (const slot of slots) known.set(slot.name, joined(known.get(slot.name), slot));
  if (known.size > MAX_VARIABLES) throw new TemplateError(`A prompt has at most ${MAX_VARIABLES} variables; this one has ${known.size}.`, "invalid_field", "messages");
  for (const one of known.values()) {
    if (one.default !== undefined && one.type !== null && typeOf(one.default) !== one.type) {
      throw new TemplateError(`The default of '${one.name}' is a ${typeOf(one.default)}, not a ${one.type}.`, "invalid_field", "parameters");
    }
  }
  return known;
}

function joined(known: Variable | undefined, slot: Slot): Variable {
  const { path, name, type } = slot;
  const own = slot.default === undefined ? {} : { default: slot.default };
  if (!known) return { path, name, type, ...own };
  if (known.type && type && known.type !== type) throw new TemplateError(`'${name}' is declared as ${known.type} in one place and as ${type} in another.`, "invalid_field", "messages");
  if (known.default !== undefined && slot.default !== undefined && JSON.stringify(known.default) !== JSON.stringify(slot.default)) {
    throw new TemplateError(`'${name}' has two different defaults.`, "invalid_field", "messages");
  }
  return { path, name, type: known.type ?? type, ...own, ...(known.default === undefined ? {} : { default: known.default }) };
}

/** The value at a path: keys of objects and positions of arrays only. Undefined where there is none, or null. */
export function valueAt(path: readonly string[], variables: Record<string, Json>): Json | undefined {
  let value: Json | undefined = variables;
  for (const segment of path) {
    if (Array.isArray(value) && /^[0-9]+$/.test(segment)) value = value[Number(segment)];
    else if (typeof value === "object" && value !== null && !Array.isArray(value) && Object.hasOwn(value, segment)) value = value[segment];
    else return undefined;
  }
  return value ?? undefined;
}

export type Rendered = { messages: { [key: string]: Json }[]; used: string[] };

/** The messages with `given` put in; what is put in is never read as a template again. Throws TemplateError. */
export function render(template: PromptTemplate, given: Record<string, Json>): Rendered {
  const texts = textsOf(template, given);
  const used = new Set(texts.keys());
  let left = MAX_OUTPUT_BYTES;
  const spend = (text: string) => {
    left -= new TextEncoder().encode(text).length;
    if (left < 0) throw new TemplateError(`The rendered prompt is larger than ${MAX_OUTPUT_BYTES.toLocaleString("en-US")} bytes.`, "payload_too_large", "variables");
  };
  const messages = template.messages.flatMap((message): { [key: string]: Json }[] => {
    if ("placeholder" in message) {
      const value = Object.hasOwn(given, message.placeholder) ? given[message.placeholder] : undefined;
      if (value === undefined || value === null) return [];
      used.add(message.placeholder);
      return givenMessages(message.placeholder, value, spend);
    }
    const filled = message.parts.map((part) => (typeof part === "string" ? part : (texts.get(part.name) ?? "")));
    for (const text of filled) spend(text);
    return [{ role: message.role, content: filled.join(""), ...(message.name ? { name: message.name } : {}) }];
  });
  return { messages, used: [...used].sort() };
}

function textsOf(template: PromptTemplate, given: Record<string, Json>): Map<string, string> {
  const texts = new Map<string, string>();
  const missing = new Set<string>();
  for (const variable of template.variables.values()) {
    const found = valueAt(variable.path, given);
    const value = found ?? variable.default;
    if (value === undefined) {
      missing.add(variable.name);
      continue;
    }
    if (found !== undefined && variable.type !== null && typeOf(found) !== variable.type) {
      throw new TemplateError(`The variable '${variable.name}' must be a ${variable.type}, not a ${typeOf(found)}.`, "invalid_field", `variables.${variable.name}`);
    }
    try {
      texts.set(variable.name, textOf(value));
    } catch (error) {
      throw new TemplateError(`The variable '${variable.name}' cannot be written as text: ${String(error)}.`, "invalid_field", `variables.${variable.name}`);
    }
  }
  for (const one of template.messages) {
    if ("placeholder" in one && !one.optional && (valueAt([one.placeholder], given) ?? null) === null) missing.add(one.placeholder);
  }
  if (missing.size > 0) {
    const names = [...missing].sort();
    throw new TemplateError(`These variables are missing: ${names.join(", ")}.`, "missing_variables", "variables", { missing: names });
  }
  return texts;
}

function givenMessages(name: string, given: Json, spend: (text: string) => void): { [key: string]: Json }[] {
  const param = `variables.${name}`;
  if (!Array.isArray(given) || given.length > MAX_GIVEN_MESSAGES) {
    throw new TemplateError(`'${name}' takes a list of at most ${MAX_GIVEN_MESSAGES.toLocaleString("en-US")} messages.`, "invalid_field", param);
  }
  return given.map((message, index) => {
    if (typeof message !== "object" || message === null || Array.isArray(message) || !GIVEN_ROLES.includes(String(message.role))) {
      throw new TemplateError(`Each message of '${name}' is an object with a role out of ${GIVEN_ROLES.join(", ")}.`, "invalid_field", `${param}[${index}]`);
    }
    const content = message.content ?? null;
    if (typeof content !== "string" && !Array.isArray(content) && content !== null) {
      throw new TemplateError(`The content of a message of '${name}' is text, parts or null.`, "invalid_field", `${param}[${index}].content`);
    }
    spend(textOf(message));
    return { ...message };
  });
}
