/** What the playground shows, and how the address holds all of it. Pure.
 *
 * Names and numbers stand in the search: `?prompt=triage&version=3&model=…`, with 2 and 3 behind the names for the other columns, so that
 * any page can link here. Texts (variables, messages of one's own) stand behind the `#`, which no browser ever sends to a server: they
 * may hold what belongs into no log. Of files that are attached only name, kind and size stand there: whoever opens the address is told that
 * they are not here. Texts that hold a file, or are too long, stand in no address. */
import type { ChatMessage, Execution } from "@/kit/execution/types";
import { type Attached, type Files, type Mention, type Part, holdsFile, isMention, mentioned, mentionsOf, takenApart } from "@/lib/attached";
import type { PromptTemplate } from "@/lib/template";
import type { Search } from "@/lib/url-state";
import { editedPieces, joined, piecesOf } from "@/lib/pieces";
import { variablesApart } from "@/lib/variables-apart";

/** `texts`: the parts that its text was in where it was sent before. `rest`: what else was said of it, such as the calls of tools. */
export type Message = { role: string; content: string; files?: readonly Attached[]; texts?: readonly Part[]; rest?: Part };
/** `at`: "" is what is live (else the latest), "label:staging", "version:3". `model` "": the version's own. Settings "": the version's. */
export type Column = { kind: "prompt" | "messages"; prompt: string; at: string; model: string; messages: Message[]; temperature: string; maxTokens: string };
/** `files`: of variables. */
export type Playground = { columns: Column[]; values: Record<string, string>; files?: Files };

export const MOST_COLUMNS = 3;
export const ROLES = ["system", "user", "assistant"] as const;

export function newColumn(given: Partial<Column> = {}): Column {
  return { kind: "prompt", prompt: "", at: "", model: "", messages: [{ role: "user", content: "" }], temperature: "", maxTokens: "", ...given };
}

/** `t`: the parts of its text: how long each is in it, and what is said of it besides; addresses of before have them whole. */
type Written = { role: string; content: string; f?: Mention[]; t?: readonly (Length | Part)[]; r?: Part };
type Length = number | readonly [number, Part];
type Texts = { m?: (Written[] | null)[]; v?: Record<string, string>; a?: Record<string, Mention[]> };

export function readPlayground(search: Search, hash: string): Playground {
  const texts = readTexts(hash);
  const number = Math.min(MOST_COLUMNS, Math.max(1, Number(first(search.columns)) || 1));
  const columns = Array.from({ length: number }, (_, index) => {
    const of = (name: string) => first(search[index === 0 ? name : `${name}${index + 1}`]) ?? "";
    const [version, label] = [of("version"), of("label")];
    const messages = texts.m?.[index]?.map(({ f, t, r, ...one }): Message => {
      const parts = partsIn(one.content, t);
      return { ...one, ...(f ? { files: f.map(mentioned) } : {}), ...(parts ? { texts: parts } : {}), ...(r ? { rest: r } : {}) };
    });
    return newColumn({
      kind: messages ? "messages" : "prompt",
      prompt: of("prompt"),
      at: /^\d+$/.test(version) ? `version:${Number(version)}` : label ? `label:${label}` : "",
      model: of("model"),
      temperature: of("temperature"),
      maxTokens: of("max_tokens"),
      ...(messages && messages.length > 0 ? { messages } : {}),
    });
  });
  const files = texts.a && Object.fromEntries(Object.entries(texts.a).map(([name, those]) => [name, those.map(mentioned)]));
  return { columns, values: texts.v ?? {}, ...(files ? { files } : {}) };
}

/** In characters: browsers take no address of more than 2 MiB. */
const HASH_MOST = 1_500_000;
/** Where all of it is longer: of so many characters each text may be, at most. */
const TEXT_MOST = [Infinity, 100_000, 10_000, 0] as const;

/** `isWhole`: no text was left out, which is what becomes of those that hold a file, and of the longest where all of them are too long. */
export function writePlayground({ columns, values, files = {} }: Playground): { search: Search; hash: string; isWhole: boolean } {
  const search: Search = columns.length > 1 ? { columns: String(columns.length) } : {};
  columns.forEach((column, index) => {
    const put = (name: string, value: string) => {
      if (value) search[index === 0 ? name : `${name}${index + 1}`] = value;
    };
    const [what, which = ""] = splitAt(column.at);
    if (column.kind === "prompt") put("prompt", column.prompt);
    if (column.kind === "prompt" && what) put(what, which);
    put("model", column.model);
    put("temperature", column.temperature);
    put("max_tokens", column.maxTokens);
  });
  for (const most of TEXT_MOST) {
    const { texts, isWhole } = textsWithin(most, { columns, values, files });
    const json = Object.keys(texts).length > 0 ? JSON.stringify(texts) : "";
    const hash = json.length * (4 / 3) <= HASH_MOST ? toBase64(json) : null;
    if (hash !== null && hash.length <= HASH_MOST) return { search, hash, isWhole };
  }
  return { search, hash: "", isWhole: false };
}

function textsWithin(most: number, { columns, values, files = {} }: Playground): { texts: Texts; isWhole: boolean } {
  let isWhole = true;
  const takes = (text: string) => {
    const isTaken = text.length <= most && !holdsFile(text);
    isWhole &&= isTaken;
    return isTaken;
  };
  const written = Object.fromEntries(Object.entries(values).filter(([, text]) => text !== "" && takes(text)));
  const own = columns.map((column) => (column.kind === "messages" ? column.messages.map((one) => writtenOf(one, takes)) : null));
  const attached = Object.fromEntries(Object.entries(files).flatMap(([name, those]) => (mentionsOf(those).length > 0 ? [[name, mentionsOf(those)]] : [])));
  const texts: Texts = { ...(own.some(Boolean) ? { m: own } : {}), ...(Object.keys(written).length > 0 ? { v: written } : {}), ...(Object.keys(attached).length > 0 ? { a: attached } : {}) };
  return { texts, isWhole };
}

function writtenOf({ role, content, files = [], texts, rest }: Message, takes: (text: string) => boolean): Written {
  const isTaken = takes(content);
  const now = isTaken && texts ? keptOf(content, files, texts) : { content: isTaken ? content : "", files };
  const f = mentionsOf(now.files);
  const t = "t" in now ? now.t : undefined;
  const r = rest && takes(JSON.stringify(rest)) ? rest : undefined;
  return { role, content: now.content, ...(f.length > 0 ? { f } : {}), ...(t ? { t } : {}), ...(r ? { r } : {}) };
}

/** What is left of the parts of a text after it was edited: of those that went nothing is written, and files count their place anew. */
function keptOf(content: string, files: readonly Attached[], texts: readonly Part[]): { content: string; files: readonly Attached[]; t?: Length[] } {
  const before = texts.map((one) => escaped(String(one.text)));
  const pieces = editedPieces(before, content).map((piece, at) => (piece?.trim() === "" && piece !== before[at] ? null : piece));
  const kept = pieces.flatMap((piece, at) => (piece === null ? [] : [{ piece, more: moreOf(texts[at]!) }]));
  const placed = files.map((one) => (one.at === undefined ? one : { ...one, at: pieces.slice(0, one.at).filter((piece) => piece !== null).length }));
  if (kept.length === 0) return { content, files: placed };
  return { content: joined(kept.map(({ piece }) => piece)), files: placed, t: kept.map(({ piece, more }) => (more ? [piece.length, more] : piece.length)) };
}

/** What a part says besides its text; null: nothing. */
function moreOf(part: Part): Part | null {
  const { text: _, ...more } = part;
  return Object.keys(more).join() === "type" && more.type === "text" ? null : more;
}

/** The parts that a text was in; undefined where they are not of this text. */
function partsIn(content: string, written: Written["t"]): readonly Part[] | undefined {
  if (!written?.every(isLength)) return written as readonly Part[] | undefined;
  const lengths = written.map((one) => (typeof one === "number" ? one : one[0]));
  const pieces = piecesOf(content, lengths);
  return pieces?.map((piece, at) => {
    const one = written[at]!;
    return { ...(typeof one === "number" ? { type: "text" } : one[1]), text: unescaped(piece) };
  });
}

function isLength(given: unknown): given is Length {
  const [length, more] = Array.isArray(given) ? (given as unknown[]) : [given, {}];
  return Number.isInteger(length) && Number(length) >= 0 && typeof more === "object" && more !== null && !Array.isArray(more);
}

/** Each of these versions (none: the live one) with each of these models (none: its own), as columns with the settings of `like`. */
export function productOf(like: Column | undefined, prompt: string, ats: readonly string[], models: readonly string[]): Column[] {
  const { temperature = "", maxTokens = "" } = like ?? {};
  return (ats.length > 0 ? ats : [""]).flatMap((at) => (models.length > 0 ? models : [""]).map((model) => newColumn({ prompt, at, model, temperature, maxTokens })));
}

export function splitAt(at: string): ["" | "label" | "version", string?] {
  const found = /^(label|version):(.+)$/.exec(at);
  return found ? [found[1] as "label" | "version", found[2]] : [""];
}

function first(given: string | string[] | undefined): string | undefined {
  return Array.isArray(given) ? given[0] : given;
}

function readTexts(hash: string): Texts {
  try {
    const found: unknown = JSON.parse(fromBase64(hash.replace(/^#/, "")));
    if (typeof found !== "object" || found === null) return {};
    const { m, v, a } = found as Record<string, unknown>;
    return {
      ...(Array.isArray(m) ? { m: m.slice(0, MOST_COLUMNS).map((one) => (Array.isArray(one) ? one.filter(isWritten).map(readWritten) : null)) } : {}),
      ...(typeof v === "object" && v !== null ? { v: Object.fromEntries(Object.entries(v).filter((pair): pair is [string, string] => typeof pair[1] === "string" && pair[0] !== "__proto__")) } : {}),
      ...(typeof a === "object" && a !== null ? { a: Object.fromEntries(Object.entries(a).flatMap(([name, those]) => (Array.isArray(those) && name !== "__proto__" ? [[name, those.filter(isMention)]] : []))) } : {}),
    };
  } catch {
    return {};
  }
}

function readWritten({ role, content, f, t, r }: Written): Written {
  const isText = (part: unknown) => typeof (part as Part | null)?.text === "string";
  return { role, content, ...(Array.isArray(f) ? { f: f.filter(isMention) } : {}), ...(Array.isArray(t) && t.length > 0 && (t.every(isText) || t.every(isLength)) ? { t } : {}), ...(typeof r === "object" && r !== null && !Array.isArray(r) ? { r } : {}) };
}

function isWritten(given: unknown): given is Written {
  return typeof given === "object" && given !== null && typeof (given as Written).content === "string" && typeof (given as Written).role === "string";
}

function toBase64(text: string): string {
  const bytes = new TextEncoder().encode(text);
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function fromBase64(text: string): string {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return new TextDecoder().decode(Uint8Array.from(binary, (char) => char.charCodeAt(0)));
}

/** The playground that repeats a run: its prompt's version with its variables, or its messages as they were. `template`: of that version, where it is
 * known. */
export function playgroundOf(run: Pick<Execution, "prompt" | "version" | "model" | "variables" | "messages" | "settings">, template: PromptTemplate | null = null): Playground {
  const { temperature, max_tokens: maxTokens } = run.settings ?? {};
  if (run.prompt) {
    const { values, files } = variablesApart(run.variables ?? {}, template);
    return { columns: [newColumn({ prompt: run.prompt, at: run.version === null ? "" : `version:${run.version}` })], values: textsOf(values), ...(Object.keys(files).length > 0 ? { files } : {}) };
  }
  const messages = (run.messages ?? []).map(({ role, content, ...more }: ChatMessage): Message => {
    const { text, files, texts } = takenApart(content);
    const rest = Object.fromEntries(Object.entries(more).filter(([, value]) => value !== null && value !== undefined));
    return { role, content: escaped(text), ...(files.length > 0 ? { files } : {}), ...(texts ? { texts } : {}), ...(Object.keys(rest).length > 0 ? { rest } : {}) };
  });
  const column = newColumn({ kind: "messages", model: run.model, temperature: settingOf(temperature), maxTokens: maxTokens === 4096 ? "" : settingOf(maxTokens), ...(messages.length > 0 ? { messages } : {}) });
  return { columns: [column], values: {} };
}

function settingOf(value: unknown): string {
  return typeof value === "number" ? String(value) : "";
}

/** What was sent once is no template: its braces stay braces. */
function escaped(text: string): string {
  return text.replaceAll("{{", "{{{{");
}

function unescaped(text: string): string {
  return text.replaceAll("{{{{", "{{");
}

function textsOf(variables: Record<string, unknown>, path = ""): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(variables)) {
    const whole = path ? `${path}.${name}` : name;
    found[whole] = typeof value === "string" ? value : JSON.stringify(value);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) Object.assign(found, textsOf(value as Record<string, unknown>, whole));
  }
  return found;
}
