/** From a template's text to its parts, as shared/burnish_shared/template/syntax.py reads it.
 *
 *     {{ name }}   {{ user.name }}   {{ items.0.title }}   {{ count: number }}   {{ tone = "friendly" }}   {{ limit: number = 3 }}   {{{{
 *     {{#if name}} … {{else}} … {{/if}}   {{#each items}} … {{this.title}} … {{/each}}   {{#each items as item}} … {{/each}}   {{> slug@label}}
 */

export const VARIABLE_TYPES = ["string", "number", "boolean", "object", "array", "image_url"] as const;
export type VariableType = (typeof VARIABLE_TYPES)[number];

const MAX_TEMPLATE_CHARS = 262_144;
const MAX_SLOTS = 2_000;
const MAX_PATH_SEGMENTS = 8;
const MAX_SEGMENT_CHARS = 64;
export const MAX_BLOCK_DEPTH = 8;
export const OF_TURN = ["@index", "@number", "@first", "@last"];

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A place that a variable fills; `from` and `to` are where it stands in the text, braces and all. */
export type Slot = { kind: "slot"; path: string[]; name: string; type: VariableType | null; default?: Json; from: number; to: number };
export type If = { kind: "if"; path: string[]; body: Part[]; otherwise: Part[] };
export type Each = { kind: "each"; path: string[]; item: string; body: Part[]; otherwise: Part[] };
/** The text of another prompt, which stands in `body` once it is known. `name` is how it is named here. */
export type Include = { kind: "include"; slug: string; label: string | null; version: number | null; name: string; body?: Part[] };
export type Part = string | Slot | If | Each | Include;

/** Why a text is no template, or values do not fit one. `from` is the offset of the `{{` at fault, where there is one. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";
  constructor(
    message: string,
    readonly param: string,
    readonly code: "invalid_field" | "missing_variables" | "payload_too_large" = "invalid_field",
    readonly at: { from?: number; missing?: string[] } = {},
  ) {
    super(message);
  }
}

const SPACE = "[ \\t\\r\\n]*";
const GAP = "[ \\t\\r\\n]+";
const NAME = "[A-Za-z_][A-Za-z0-9_-]*";
const PATH = `@(?:index|number|first|last)|${NAME}(?:\\.[A-Za-z0-9_-]+)*`;
const SLOT = new RegExp(`${SPACE}(${PATH})${SPACE}(?::${SPACE}([A-Za-z_]+)${SPACE})?(?:=${SPACE}("(?:[^"\\\\\\x00-\\x1f]|\\\\.)*"|-?[0-9][0-9.eE+-]*|true|false)${SPACE})?\\}\\}`, "y");
const BEGIN = new RegExp(`${SPACE}#(if|each)${GAP}(${PATH})(?:${GAP}as${GAP}(${NAME}))?${SPACE}\\}\\}`, "y");
const ELSE = new RegExp(`${SPACE}else${SPACE}\\}\\}`, "y");
const END = new RegExp(`${SPACE}/(if|each)${SPACE}\\}\\}`, "y");
const SNIPPET = new RegExp(`${SPACE}>${SPACE}([A-Za-z0-9][A-Za-z0-9_-]*)(?:@([A-Za-z0-9_-]+))?${SPACE}\\}\\}`, "y");
const REST_OF_LINE = /[ \t]*(?:\r?\n|$(?![\s\S]))/y;
const IMAGE_URL = /^(?:https?:\/\/[!#-;=?-~]{1,8192}|data:image\/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+={0,2})$/;

const NOT_SO: [string, string][] = [
  ["#if", "A condition names one variable: {{#if name}}"],
  ["#each", "A repetition names one list, and may name its items: {{#each items}} or {{#each items as item}}"],
  ["#", "Blocks are {{#if name}} and {{#each items}}; there are no others"],
  ["/", "A block ends with {{/if}} or {{/each}}"],
  ["^", "What holds otherwise stands behind {{else}}"],
  ["else", "{{else}} stands alone between its braces"],
  [">", "A snippet is named by its slug, with a label or version where wanted: {{> tone}}, {{> tone@staging}}, {{> tone@3}}"],
  ["!", "Comments ({{! …}}) are not part of the template language"],
  ["{", "Three braces ({{{) have no meaning"],
  ["@", "Of the turns of an {{#each}} there are {{@index}}, {{@number}}, {{@first}} and {{@last}}"],
];

/** The parts of a text in order. Throws TemplateError for what is not in the language. */
export function parseTemplate(text: string, param = "content"): Part[] {
  return new Reader(text, param).read();
}

/** The places for variables in a text that may still be half written, and the first thing that is wrong with it. For editors. */
export function inspectTemplate(text: string): { slots: Slot[]; error: TemplateError | null } {
  const reader = new Reader(text, "content");
  try {
    reader.read();
    return { slots: reader.seen, error: null };
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    return { slots: reader.seen, error };
  }
}

/** The path that a variable's name means. Throws TemplateError. */
export function checkedPath(name: string, param: string): string[] {
  const path = name.split(".");
  if (!new RegExp(`^${NAME}(?:\\.[A-Za-z0-9_-]+)*$`).test(name) || name === "else" || !fits(path)) {
    throw new TemplateError("A variable's name is letters, digits, '_' and '-', beginning with a letter or '_', with '.' between parts.", param);
  }
  return path;
}

type Block = { word: string; path: string[]; item: string; opened: number; body: Part[]; otherwise: Part[] | null };

class Reader {
  /** Places for variables of the caller's that were read, also where what follows is no template. */
  readonly seen: Slot[] = [];
  private readonly parts: Part[] = [];
  private readonly blocks: Block[] = [];
  private literal = "";

  constructor(
    private readonly text: string,
    private readonly param: string,
  ) {}

  read(): Part[] {
    const { text } = this;
    if (text.length > MAX_TEMPLATE_CHARS && [...text].length > MAX_TEMPLATE_CHARS) {
      throw new TemplateError(`A template has at most ${MAX_TEMPLATE_CHARS.toLocaleString("en-US")} characters.`, this.param);
    }
    let slots = 0;
    let at = 0;
    for (;;) {
      const opened = text.indexOf("{{", at);
      if (opened < 0) break;
      if (text.startsWith("{{{{", opened)) {
        this.literal += `${text.slice(at, opened)}{{`;
        at = opened + 4;
        continue;
      }
      if (++slots > MAX_SLOTS) throw new TemplateError(`A template has at most ${MAX_SLOTS.toLocaleString("en-US")} places for variables.`, this.param);
      at = this.tag(at, opened);
    }
    this.literal += text.slice(at);
    this.endLiteral();
    const open = this.blocks.at(-1);
    if (open) throw this.refuse(`The {{#${open.word} …}} is never closed by {{/${open.word}}}`, open.opened);
    return this.parts;
  }

  private tag(at: number, opened: number): number {
    const { text } = this;
    const snippet = matchAt(SNIPPET, text, opened + 2);
    if (snippet) {
      this.add(text.slice(at, opened), this.include(snippet[1] ?? "", snippet[2], opened));
      return SNIPPET.lastIndex;
    }
    const begin = matchAt(BEGIN, text, opened + 2);
    const middle = begin ? null : matchAt(ELSE, text, opened + 2);
    const end = begin || middle ? null : matchAt(END, text, opened + 2);
    if (!begin && !middle && !end) {
      const slot = this.slot(opened);
      this.add(text.slice(at, opened), slot);
      return slot.to;
    }
    const [before, behind] = this.withoutLine(at, opened, (begin ? BEGIN : middle ? ELSE : END).lastIndex);
    this.literal += before;
    this.endLiteral();
    if (begin) this.begin(begin, opened, BEGIN.lastIndex);
    else if (middle) this.otherwise(opened);
    else this.close(end?.[1] ?? "", opened);
    return behind;
  }

  /** A line that holds only the tag of a block is left out. */
  private withoutLine(at: number, opened: number, behind: number): [string, number] {
    const line = opened === 0 ? 0 : this.text.lastIndexOf("\n", opened - 1) + 1;
    const rest = matchAt(REST_OF_LINE, this.text, behind);
    if (!rest || /[^ \t]/.test(this.text.slice(line, opened)) || line < at) return [this.text.slice(at, opened), behind];
    return [this.text.slice(at, line), behind + rest[0].length];
  }

  private begin(found: RegExpExecArray, opened: number, to: number) {
    const word = found[1] ?? "";
    const path = this.path(found[2] ?? "", opened);
    const name = path.join(".");
    if (word === "if" && found[3]) throw this.refuse(notSo("#if"), opened);
    if (word === "each" && OF_TURN.includes(path[0] ?? "")) throw this.refuse(`{{${name}}} is no list`, opened);
    if (this.blocks.length >= MAX_BLOCK_DEPTH) throw this.refuse(`At most ${MAX_BLOCK_DEPTH} blocks stand within one another`, opened);
    const item = found[3] ?? "this";
    if (item === "else" || item.length > MAX_SEGMENT_CHARS) throw this.refuse(notSo("#each"), opened);
    this.see({ kind: "slot", path, name, type: word === "each" ? "array" : null, from: opened, to });
    this.blocks.push({ word, path, item, opened, body: [], otherwise: null });
  }

  private otherwise(opened: number) {
    const block = this.blocks.at(-1);
    if (!block) throw this.refuse("{{else}} stands within an {{#if …}} or {{#each …}}", opened);
    if (block.otherwise) throw this.refuse(`An {{#${block.word} …}} has one {{else}}`, opened);
    block.otherwise = [];
  }

  private close(word: string, opened: number) {
    const block = this.blocks.at(-1);
    if (!block || block.word !== word) throw this.refuse(`{{/${word}}} ends no {{#${word} …}}${block ? `; {{#${block.word} …}} is open` : ""}`, opened);
    this.blocks.pop();
    const { path, item, body, otherwise } = block;
    this.here().push(word === "if" ? { kind: "if", path, body, otherwise: otherwise ?? [] } : { kind: "each", path, item, body, otherwise: otherwise ?? [] });
  }

  private include(slug: string, at: string | undefined, opened: number): Include {
    const folded = slug.toLowerCase();
    if (folded.length > 63) throw this.refuse("A slug has 1 to 63 characters", opened);
    if (at === undefined) return { kind: "include", slug: folded, label: null, version: null, name: folded };
    if (/^[1-9][0-9]{0,9}$/.test(at) && Number(at) < 2 ** 31) return { kind: "include", slug: folded, label: null, version: Number(at), name: `${folded}@${at}` };
    const label = at.toLowerCase();
    if (!/^[a-z][a-z0-9_-]{0,62}$/.test(label)) throw this.refuse("A label begins with a letter and has 1 to 63 characters", opened);
    if (label === "latest") throw this.refuse("A snippet is named by a label that somebody moves, or by a number; 'latest' would change prompts unseen", opened);
    return { kind: "include", slug: folded, label, version: null, name: `${folded}@${label}` };
  }

  private slot(opened: number): Slot {
    const found = matchAt(SLOT, this.text, opened + 2);
    if (!found || found[1] === "else") throw this.refuse(whyNot(this.text, opened), opened);
    const to = SLOT.lastIndex;
    const name = found[1] ?? "";
    const path = this.path(name, opened);
    const type = found[2] ?? null;
    if (OF_TURN.includes(path[0] ?? "") && (type !== null || found[3] !== undefined)) throw this.refuse(`{{${name}}} has neither type nor default`, opened);
    if (type !== null && !isType(type)) throw this.refuse(`'${type.slice(0, 40)}' is no type; use one of ${VARIABLE_TYPES.join(", ")}`, opened);
    if (found[3] === undefined) return this.see({ kind: "slot", path, name, type, from: opened, to });
    const value = defaultOf(found[3]);
    if (value === undefined) throw this.refuse(`The default ${found[3].slice(0, 40)} is no JSON string, finite number, true or false that can be stored`, opened);
    if (type !== null && !hasType(value, type)) throw this.refuse(`The default of '${name}' is a ${typeOf(value)}, not a ${type}`, opened);
    return this.see({ kind: "slot", path, name, type, default: value, from: opened, to });
  }

  private path(written: string, opened: number): string[] {
    const path = written.split(".");
    if (!fits(path)) throw this.refuse(`A variable's path has at most ${MAX_PATH_SEGMENTS} parts of at most ${MAX_SEGMENT_CHARS} characters`, opened);
    return path;
  }

  private see(slot: Slot): Slot {
    const head = slot.path[0] ?? "";
    const isOwn = OF_TURN.includes(head) || this.blocks.some((block) => block.word === "each" && block.otherwise === null && block.item === head);
    if (!isOwn) this.seen.push(slot);
    return slot;
  }

  private here(): Part[] {
    const block = this.blocks.at(-1);
    return block ? (block.otherwise ?? block.body) : this.parts;
  }

  private add(before: string, part: Part) {
    this.literal += before;
    this.endLiteral();
    this.here().push(part);
  }

  private endLiteral() {
    if (this.literal) this.here().push(this.literal);
    this.literal = "";
  }

  private refuse(why: string, opened: number): TemplateError {
    return new TemplateError(`${why} (${place(this.text, opened)}). Write {{{{ where the text itself needs {{.`, this.param, "invalid_field", { from: opened });
  }
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

export function isType(type: string): type is VariableType {
  return (VARIABLE_TYPES as readonly string[]).includes(type);
}

export function typeOf(value: Json): VariableType | "null" {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value as VariableType;
}

/** Is the value of that type? A picture is a string of a certain form. */
export function hasType(value: Json, wanted: string): boolean {
  return wanted === "image_url" ? typeof value === "string" && IMAGE_URL.test(value) : typeOf(value) === wanted;
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

function notSo(beginning: string): string {
  return NOT_SO.find(([known]) => known === beginning)?.[1] ?? "";
}

function whyNot(text: string, opened: number): string {
  const inside = text.slice(opened + 2, opened + 60).trimStart();
  for (const [beginning, why] of NOT_SO) {
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
