/** The template language of prompts, as shared/burnish_shared/template has it. Both sides run tests/contracts/template_cases.json. */

import { givenMessages, textOf } from "./given-messages";
import { type Include, type Json, type Part, type Slot, TemplateError, type VariableType, VARIABLE_TYPES, MAX_BLOCK_DEPTH, OF_TURN, checkedPath, hasType, isType, parseTemplate, typeOf } from "./templateSyntax";

export { type Json, type Part, type Slot, TemplateError, VARIABLE_TYPES, type VariableType, hasType, inspectTemplate, parseTemplate, typeOf } from "./templateSyntax";

export const ROLES = ["system", "developer", "user", "assistant", "placeholder"] as const;
const MAX_VARIABLES = 500;
const MAX_MESSAGES = 200;
const MAX_OUTPUT_BYTES = 1_048_576;
const MAX_IMAGE_BYTES = 3_145_728;
const MAX_STEPS = 100_000;
const MAX_PARTS = 20_000;
const MAX_SNIPPET_DEPTH = 4;

export type Variable = { path: string[]; name: string; type: VariableType | null; default?: Json };
export type Parameter = { type?: string | null; default?: Json };
export type TemplateMessage = { role: string; content?: unknown; name?: string | null; optional?: boolean };
/** A prompt of one message that others include. */
export type Snippet = { text: string; parameters?: Record<string, Parameter> };

type Message = { role: string; name?: string; parts: Part[] };
type Parsed = Message | { placeholder: string; optional: boolean };

export type PromptTemplate = {
  messages: Parsed[];
  /** Variables that the messages use, by name. */
  variables: Map<string, Variable>;
  /** Placeholders for lists of messages, in their order. */
  placeholders: string[];
  /** What a caller must give whatever else is given, sorted. */
  required: string[];
  /** Snippets that are not known here; with any, only the server can render the prompt. */
  includes: string[];
};

/** `snippets`: by the name that includes them; without them, those that are included stay open. `slug`: of the prompt itself. */
export function parseMessages(messages: readonly TemplateMessage[], parameters: Record<string, Parameter> = {}, snippets?: Record<string, Snippet>, slug?: string): PromptTemplate {
  if (messages.length < 1 || messages.length > MAX_MESSAGES) {
    throw new TemplateError(`A prompt has 1 to ${MAX_MESSAGES} messages, not ${messages.length}.`, "messages");
  }
  const own = messages.map((message, index) => parseMessage(message, `messages[${index}]`));
  const open = new Set(own.flatMap((one) => ("parts" in one ? includesOf(one.parts).map((include) => include.name) : [])));
  if (open.size === 0 || snippets === undefined) return templateOf(own, parameters, [...open]);
  const said: Record<string, Parameter> = {};
  const whole = own.map((one, index) => ("parts" in one ? { ...one, parts: composed(one.parts, { snippets, said, param: `messages[${index}].content` }, slug === undefined ? [] : [slug], 0) } : one));
  const joinedParameters: Record<string, Parameter> = { ...said };
  for (const [name, parameter] of Object.entries(parameters)) joinedParameters[name] = { ...said[name], ...parameter };
  return templateOf(whole, joinedParameters, []);
}

export function parseText(text: string, parameters: Record<string, Parameter> = {}): PromptTemplate {
  return parseMessages([{ role: "user", content: text }], parameters);
}

function templateOf(parsed: Parsed[], parameters: Record<string, Parameter>, includes: string[]): PromptTemplate {
  const found: Survey = { slots: [], needed: new Set(), parts: 0 };
  parsed.forEach((one, index) => "parts" in one && look(one.parts, found, [], 0, true, `messages[${index}].content`));
  const declared = declare(found.slots, parameters);
  const used = new Set(found.slots.map((slot) => slot.name));
  const holders = parsed.flatMap((one) => ("placeholder" in one ? [one] : []));
  const clash = holders.map((one) => one.placeholder).find((name) => found.slots.some((slot) => slot.path[0] === name));
  if (clash !== undefined) throw new TemplateError(`'${clash}' is both a variable and a placeholder for messages; rename one.`, "messages");
  const variables = new Map([...declared].filter(([name]) => used.has(name)));
  parsed.forEach((one, index) => {
    if ("parts" in one && one.role !== "user" && showsPictures(one.parts, variables)) {
      throw new TemplateError("A picture stands only in a message of the user.", `messages[${index}].content`);
    }
  });
  const required = [...variables.values()].filter((one) => one.default === undefined && found.needed.has(one.name)).map((one) => one.name);
  const needed = holders.filter((one) => !one.optional).map((one) => one.placeholder);
  return { messages: parsed, variables, placeholders: [...new Set(holders.map((one) => one.placeholder))], required: [...new Set([...required, ...needed])].sort(), includes };
}

function includesOf(parts: Part[]): Include[] {
  return parts.flatMap((part) => {
    if (typeof part === "string" || part.kind === "slot") return [];
    return part.kind === "include" ? [part] : [...includesOf(part.body), ...includesOf(part.otherwise)];
  });
}

type Composing = { snippets: Record<string, Snippet>; said: Record<string, Parameter>; param: string };

function composed(parts: Part[], at: Composing, chain: string[], depth: number): Part[] {
  return parts.map((part): Part => {
    if (typeof part === "string" || part.kind === "slot") return part;
    if (part.kind !== "include") return { ...part, body: composed(part.body, at, chain, depth), otherwise: composed(part.otherwise, at, chain, depth) };
    const way = [...chain, part.slug].join(" → ");
    if (chain.includes(part.slug)) throw new TemplateError(`A snippet cannot include itself: ${way}.`, at.param);
    if (depth >= MAX_SNIPPET_DEPTH) throw new TemplateError(`At most ${MAX_SNIPPET_DEPTH} snippets lie within one another: ${way}.`, at.param);
    const snippet = Object.hasOwn(at.snippets, part.name) ? at.snippets[part.name] : undefined;
    if (!snippet) throw new TemplateError(`There is no snippet '${part.name}'.`, at.param);
    for (const [name, parameter] of Object.entries(snippet.parameters ?? {})) at.said[name] = { ...parameter, ...at.said[name] };
    return { ...part, body: composed(parseTemplate(snippet.text, at.param), at, [...chain, part.slug], depth + 1) };
  });
}

type Survey = { slots: Slot[]; needed: Set<string>; parts: number };

function look(parts: Part[], found: Survey, names: string[], depth: number, isSure: boolean, param: string): void {
  if (depth > MAX_BLOCK_DEPTH) throw new TemplateError(`At most ${MAX_BLOCK_DEPTH} blocks stand within one another, those of snippets included.`, param);
  const note = (slot: Slot, sure: boolean) => {
    const head = slot.path[0] ?? "";
    if (names.includes(head)) return;
    if (OF_TURN.includes(head)) throw new TemplateError(`{{${head}}} stands only within an {{#each …}}.`, param);
    found.slots.push(slot);
    if (sure) found.needed.add(slot.name);
  };
  for (const part of parts) {
    if (++found.parts > MAX_PARTS) throw new TemplateError(`A prompt has at most ${MAX_PARTS.toLocaleString("en-US")} parts, those of its snippets included.`, param);
    if (typeof part === "string") continue;
    if (part.kind === "slot") note(part, isSure);
    else if (part.kind === "include") look(part.body ?? [], found, names, depth, isSure, param);
    else {
      const isEach = part.kind === "each";
      note({ kind: "slot", path: part.path, name: part.path.join("."), type: isEach ? "array" : null, from: 0, to: 0 }, isEach && isSure);
      look(part.body, found, isEach ? [...names, part.item, ...OF_TURN] : names, depth + 1, false, param);
      look(part.otherwise, found, names, depth + 1, false, param);
    }
  }
}

function showsPictures(parts: Part[], variables: Map<string, Variable>): boolean {
  return parts.some((part) => {
    if (typeof part === "string") return false;
    if (part.kind === "slot") return part.type === "image_url" || variables.get(part.name)?.type === "image_url";
    return showsPictures(part.body ?? [], variables) || (part.kind !== "include" && showsPictures(part.otherwise, variables));
  });
}

function parseMessage(message: TemplateMessage, param: string): Parsed {
  const { role, name } = message;
  if (!(ROLES as readonly string[]).includes(role)) throw new TemplateError(`A role is one of ${ROLES.join(", ")}, not '${String(role).slice(0, 40)}'.`, `${param}.role`);
  if (role === "placeholder") {
    if (typeof name !== "string" || checkedPath(name, `${param}.name`).length !== 1) {
      throw new TemplateError("A placeholder's name is one variable name, such as 'history'.", `${param}.name`);
    }
    return { placeholder: name, optional: message.optional === true };
  }
  if (typeof message.content !== "string") throw new TemplateError("A message needs its text in 'content'.", `${param}.content`);
  return { role, parts: parseTemplate(message.content, `${param}.content`), ...(name ? { name } : {}) };
}

function declare(slots: Slot[], parameters: Record<string, Parameter>): Map<string, Variable> {
  const known = new Map<string, Variable>();
  for (const [name, given] of Object.entries(parameters)) {
    const path = checkedPath(name, "parameters");
    const type = given.type ?? null;
    if (type !== null && !isType(type)) throw new TemplateError(`'${String(type).slice(0, 40)}' is no type; use one of ${VARIABLE_TYPES.join(", ")}.`, `parameters.${name}`);
    known.set(name, { path, name, type, ...(given.default === undefined || given.default === null ? {} : { default: given.default }) });
  }
  for (const slot of slots) known.set(slot.name, joined(known.get(slot.name), slot));
  if (known.size > MAX_VARIABLES) throw new TemplateError(`A prompt has at most ${MAX_VARIABLES} variables; this one has ${known.size}.`, "messages");
  for (const one of known.values()) {
    if (one.default !== undefined && one.type !== null && !hasType(one.default, one.type)) {
      throw new TemplateError(`The default of '${one.name}' is ${oneOf(typeOf(one.default))}, not ${oneOf(one.type)}.`, "parameters");
    }
  }
  return known;
}

function joined(known: Variable | undefined, slot: Slot): Variable {
  const { path, name, type } = slot;
  const own = slot.default === undefined ? {} : { default: slot.default };
  if (!known) return { path, name, type, ...own };
  if (known.type && type && known.type !== type) throw new TemplateError(`'${name}' is declared as ${known.type} in one place and as ${type} in another.`, "messages");
  if (known.default !== undefined && slot.default !== undefined && JSON.stringify(known.default) !== JSON.stringify(slot.default)) {
    throw new TemplateError(`'${name}' has two different defaults.`, "messages");
  }
  return { path, name, type: known.type ?? type, ...own, ...(known.default === undefined ? {} : { default: known.default }) };
}

/** The value at a path: keys of objects and positions of arrays only. Undefined where there is none, or null. */
export function valueAt(path: readonly string[], variables: Json): Json | undefined {
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
  const filling = new Filling(template, given);
  for (const one of template.messages) {
    if ("placeholder" in one && !one.optional && valueAt([one.placeholder], given) === undefined) filling.missing.add(one.placeholder);
  }
  const messages = template.messages.flatMap((message): { [key: string]: Json }[] => {
    if ("placeholder" in message) {
      const value = valueAt([message.placeholder], given);
      if (value === undefined) return [];
      filling.used.add(message.placeholder);
      return givenMessages(message.placeholder, value, filling);
    }
    return [{ role: message.role, content: filling.content(message.parts), ...(message.name ? { name: message.name } : {}) }];
  });
  if (filling.missing.size > 0) {
    const names = [...filling.missing].sort();
    throw new TemplateError(`These variables are missing: ${names.join(", ")}.`, "variables", "missing_variables", { missing: names });
  }
  return { messages, used: [...filling.used].sort() };
}

type Item = { value: Json; called: string };
type Piece = string | { url: string };

/** Puts the values of one call into parts. `used` and `missing` grow as it goes. */
class Filling {
  readonly used = new Set<string>();
  readonly missing = new Set<string>();
  private readonly values = new Map<string, Json | undefined>();
  private readonly texts = new Map<string, Piece>();
  private items: Record<string, Item> = {};
  private left = MAX_OUTPUT_BYTES;
  private pictures = MAX_IMAGE_BYTES;
  private steps = MAX_STEPS;
  /** Repetitions that are under way, within one another. */
  private turns = 0;

  constructor(
    private readonly template: PromptTemplate,
    given: Record<string, Json>,
  ) {
    for (const variable of template.variables.values()) {
      const value = valueAt(variable.path, given);
      if (value !== undefined && variable.type !== null && !hasType(value, variable.type)) throw wrongType(variable.name, value, variable.type);
      this.values.set(variable.name, value ?? variable.default);
    }
  }

  spend(text: string) {
    this.left -= new TextEncoder().encode(text).length;
    if (this.left < 0) throw tooLarge("The rendered prompt is larger than", MAX_OUTPUT_BYTES, "bytes");
  }

  show(url: string) {
    this.pictures -= url.length;
    if (this.pictures < 0) throw tooLarge("The pictures and files of the prompt have more than", MAX_IMAGE_BYTES, "bytes as URLs");
  }

  content(parts: Part[]): Json {
    const out: Piece[] = [];
    this.put(parts, out);
    if (out.every((one) => typeof one === "string")) return out.join("");
    const content: Json[] = [];
    let text: { type: string; text: string } | null = null;
    for (const one of out) {
      if (typeof one !== "string") content.push({ type: "image_url", image_url: { url: one.url } });
      else if (text) text.text += one;
      else if (one) content.push((text = { type: "text", text: one }));
      if (typeof one !== "string") text = null;
    }
    return content;
  }

  private put(parts: Part[], out: Piece[]) {
    if (this.turns > 0) this.walk(parts.length);
    for (const part of parts) {
      if (typeof part === "string") {
        this.spend(part);
        out.push(part);
      } else if (part.kind === "slot") this.fill(part, out);
      else if (part.kind === "if") this.put(isTruthy(this.valueOf(part.path, true)) ? part.body : part.otherwise, out);
      else if (part.kind === "each") this.repeat(part.path, part.item, part.body, part.otherwise, out);
      else if (part.body) this.put(part.body, out);
      else throw new TemplateError(`The snippet '${part.name}' is put in by the server.`, "messages");
    }
  }

  private fill(slot: Slot, out: Piece[]) {
    const item = this.item(slot.path);
    const name = this.called(slot.path);
    let piece = item ? undefined : this.texts.get(slot.name);
    if (piece === undefined) {
      const type = item ? slot.type : (this.template.variables.get(slot.name)?.type ?? null);
      const value = this.valueOf(slot.path, true) ?? (item ? slot.default : undefined);
      if (value === undefined) return void this.missing.add(name);
      if (item && type !== null && !hasType(value, type)) throw wrongType(name, value, type);
      piece = type === "image_url" ? { url: String(value) } : asText(name, value);
      if (!item) this.texts.set(slot.name, piece);
    }
    if (typeof piece === "string") this.spend(piece);
    else this.show(piece.url);
    out.push(piece);
  }

  private repeat(path: string[], name: string, body: Part[], otherwise: Part[], out: Piece[]) {
    const called = this.called(path);
    const value = this.valueOf(path, false);
    if (value === undefined) return void this.missing.add(called);
    if (!Array.isArray(value)) throw wrongType(called, value, "array");
    if (!this.item(path)) this.used.add(called);
    if (value.length === 0) this.put(otherwise, out);
    const outer = this.items;
    this.turns += 1;
    value.forEach((one, index) => {
      this.walk(1);
      const turn: Record<string, Json> = { "@index": index, "@number": index + 1, "@first": index === 0, "@last": index === value.length - 1 };
      const ofTurn = Object.fromEntries(Object.entries(turn).map(([key, of]): [string, Item] => [key, { value: of, called: key }]));
      this.items = { ...outer, ...ofTurn, [name]: { value: one, called: `${called}.${index}` } };
      this.put(body, out);
    });
    this.items = outer;
    this.turns -= 1;
  }

  private walk(steps: number) {
    this.steps -= steps;
    if (this.steps < 0) throw tooLarge("The lists of this call make more than", MAX_STEPS, "parts");
  }

  private item(path: string[]): Item | undefined {
    const head = path[0] ?? "";
    return Object.hasOwn(this.items, head) ? this.items[head] : undefined;
  }

  private called(path: string[]): string {
    const item = this.item(path);
    return item ? [item.called, ...path.slice(1)].join(".") : path.join(".");
  }

  private valueOf(path: string[], isUse: boolean): Json | undefined {
    const item = this.item(path);
    if (item) return valueAt(path.slice(1), item.value);
    const value = this.values.get(path.join("."));
    if (isUse && value !== undefined) this.used.add(path.join("."));
    return value;
  }
}

function tooLarge(what: string, most: number, unit: string): TemplateError {
  return new TemplateError(`${what} ${most.toLocaleString("en-US")} ${unit}.`, "variables", "payload_too_large");
}

function isTruthy(value: Json | undefined): boolean {
  if (typeof value !== "object" || value === null) return Boolean(value);
  return Object.keys(value).length > 0;
}

function asText(name: string, value: Json): string {
  try {
    return textOf(value);
  } catch (error) {
    throw new TemplateError(`The variable '${name}' cannot be written as text: ${String(error)}.`, `variables.${name}`);
  }
}

/** A type with its article: `a number`, `an array`. */
function oneOf(type: string): string {
  return `${/^[aeiou]/.test(type) ? "an" : "a"} ${type}`;
}

function wrongType(name: string, value: Json, wanted: string): TemplateError {
  const isText = wanted === "image_url" && typeof value === "string";
  const what = isText ? "an http(s) address or data URL of a picture (png, jpeg, gif, webp)" : `${oneOf(wanted)}, not ${oneOf(typeOf(value))}`;
  return new TemplateError(`The variable '${name}' must be ${what}.`, `variables.${name}`);
}
