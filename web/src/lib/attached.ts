/** Pictures and files beside a text: read from the computer of whoever attaches them, sent as parts of a message, and found again in what
 * was sent. Pure but for reading. */
import { own } from "./own";
import { editedPieces, joined } from "./pieces";
import type { Json } from "./template";
import { markedAs, textOfFile } from "./text-of-file";

export type Part = Record<string, unknown>;

/** `part`: as it is sent. `at`: so many texts of its message stood before it; without it, all do. `in`: which of the messages of a placeholder it
 * stood in; without it, it goes with the last. `isComing`: it is being read, and its part is not here yet. */
export type Attached = { id: string; name: string; part: Part; at?: number; in?: number; isComing?: true };
/** By the name of the variable that they are given for. */
export type Files = Readonly<Record<string, readonly Attached[]>>;
export const filesOf = (files: Files | undefined, name: string): readonly Attached[] => own(files, name) ?? [];

/** What a part holds. `size` in bytes, null where nobody says it. `picture`: to be shown as it is. `isLost`: the bytes are not here. */
export type Held = { name: string; kind: string; size: number | null; isPicture: boolean; picture: string | null; address: string | null; isLost: boolean };

export const PICTURES = ["image/png", "image/jpeg", "image/gif", "image/webp"] as const;
/** Of the pictures and files of variables together, as they are sent (shared/burnish_shared/template/rendering.py). */
export const IN_VARIABLES_MOST = 3_145_728;
/** In bytes, of a whole body as it is sent: 8 MiB at most (services/gateway/burnish_gateway/wire.py), and as many of the request that is made of it,
 * in which addresses and prices stand besides (execution/order.py there). */
export const IN_MESSAGES_MOST = 8 * 1024 * 1024 - 64 * 1024;

const OFFERED = "a PDF (application/pdf) or a text (text/plain, text/csv, …)";
const HEAD_OF_PDF = "%PDF-";
/** In bytes, as the API takes it (services/gateway/burnish_gateway/compat/files.py). */
const HEAD_OF_PDF_WITHIN = 1_024;
const SHOWN = /^data:image\/(?:png|jpeg|gif|webp);base64,/;
const DATA = /^data:([^;,]{1,100})[^,]{0,250},/;
/** So long a word is no name: bytes that stand without a word about them. */
const BASE64 = /^[\w+/=-]{1024,}$/;
/** How the books name what they did not keep: its kind, the length of the text that stood there, and that text's SHA-256. */
const OMITTED = /^omitted:([^;]{0,100});bytes=(\d+);sha256=/;

let made = 0;
export const newId = () => `attached-${++made}`;

/** A file as a part, or why it cannot be sent, in the words of the API. */
export async function attach(file: File, { most, only }: { /** In bytes as it is sent. */ most: number; only?: "pictures" }): Promise<Attached | { why: string }> {
  const fault = (why: string) => ({ why: `${file.name}: ${why}` });
  if (file.size === 0) return fault("holds nothing.");
  if (file.size * (4 / 3) > most) return fault(`has ${file.size.toLocaleString("en-US")} bytes; at most ${Math.floor(most * 0.75).toLocaleString("en-US")} can be sent.`);
  const raw = inUtf8(await file.arrayBuffer());
  const declared = (file.type.split(";")[0] ?? "").toLowerCase();
  const kind = kindOf(raw, declared);
  if (kind === "no pdf") return fault("is no PDF; one begins with %PDF-.");
  if (kind === "no text") return fault("is no text: it holds bytes that none has.");
  const isPicture = (PICTURES as readonly string[]).includes(kind);
  if (only === "pictures" && !isPicture) return fault(`'${declared || "what it is"}' is no picture (png, jpeg, gif, webp).`);
  if (kind === "") return fault(`'${declared || "its kind"}' is not offered; send ${OFFERED}, or a picture (png, jpeg, gif, webp).`);
  const url = `data:${kind};base64,${base64Of(raw)}`;
  if (url.length > most) return fault(`has ${url.length.toLocaleString("en-US")} bytes as it is sent; at most ${most.toLocaleString("en-US")} can be.`);
  return { id: newId(), name: file.name, part: isPicture ? { type: "image_url", image_url: { url } } : { type: "file", file: { filename: file.name, file_data: url } } };
}

/** A text with the mark of UTF-16 or UTF-32 as UTF-8, which is what the API reads; anything else as it is. */
function inUtf8(bytes: ArrayBuffer): Uint8Array {
  if (!markedAs(bytes)) return new Uint8Array(bytes);
  try {
    return new TextEncoder().encode(textOfFile(bytes));
  } catch {
    return new Uint8Array(bytes); // It only begins like one, and is looked at as it stands.
  }
}

/** What can be attached by where it lies: how it is sent differs. */
export type Addressed = "picture" | "pdf";
/** As the API takes it (burnish_shared/files.py). */
const ADDRESS = /^https?:\/\/[!#-;=?-~]+$/;
/** In characters, behind the "://". */
const ADDRESS_MOST = 8_192;

/** What lies there, as far as its name says. */
export function kindAt(url: string): Addressed {
  return /\.pdf$/i.test(url.trim().split(/[?#]/, 1)[0] ?? "") ? "pdf" : "picture";
}

/** What lies at an address as a part, or why it cannot be sent. */
export function attachAddress(given: string, kind: Addressed): Attached | { why: string } {
  const url = given.trim();
  if (url.startsWith("data:")) return { why: "This is a file and no address: attach the file itself." };
  if (!ADDRESS.test(url) || !URL.canParse(url)) return { why: "An address begins with http:// or https:// and has no spaces; other characters are written as %…" };
  const length = url.length - url.indexOf("://") - "://".length;
  if (length > ADDRESS_MOST) return { why: `This address has ${length.toLocaleString("en-US")} characters behind its “://”; at most ${ADDRESS_MOST.toLocaleString("en-US")} can be sent.` };
  return { id: newId(), name: url, part: kind === "pdf" ? { type: "file", file: { file_url: url } } : { type: "image_url", image_url: { url } } };
}

/** What stands in the place of a file until it was read: nothing is sent without it. */
export function coming(file: File): Attached {
  return { id: newId(), name: file.name, part: { type: "file", file: { filename: file.name } }, isComing: true };
}

/** By what stands in it: what a system says of a file goes by its name, and for CSV by what else is installed. "": none that is offered. */
function kindOf(raw: Uint8Array, declared: string): string {
  const begins = (...bytes: number[]) => bytes.every((one, at) => raw[at] === one);
  if (begins(0x89, 0x50, 0x4e, 0x47)) return "image/png";
  if (begins(0xff, 0xd8, 0xff)) return "image/jpeg";
  if (begins(0x47, 0x49, 0x46, 0x38)) return "image/gif";
  if (begins(0x52, 0x49, 0x46, 0x46) && latin(raw.subarray(8, 12)) === "WEBP") return "image/webp";
  const head = latin(raw.subarray(0, HEAD_OF_PDF_WITHIN)).indexOf(HEAD_OF_PDF);
  // A text may tell of it; what is said to be a PDF, or is no text, may have other bytes before it.
  if (head === 0 || (head > 0 && (declared === "application/pdf" || !isReadable(raw)))) return "application/pdf";
  if (declared === "application/pdf") return "no pdf";
  if (/^(image|audio|video)\//.test(declared)) return "";
  const isCalledText = /^text\/[a-z0-9.+-]{1,60}$/.test(declared);
  // The API reads what is called a text and is no UTF-8 in Windows' letters (burnish_shared/files.py).
  if (isCalledText) return raw.includes(0) ? "no text" : declared;
  if (!isReadable(raw)) return "";
  return "text/plain";
}

function isReadable(raw: Uint8Array): boolean {
  if (raw.includes(0)) return false;
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(raw);
    return true;
  } catch {
    return false;
  }
}

const latin = (raw: Uint8Array) => String.fromCharCode(...raw);

const AT_ONCE = 32_768;

/** Whether bytes begin as a PDF does. */
export function isPdf(raw: Uint8Array): boolean {
  return latin(raw.subarray(0, HEAD_OF_PDF_WITHIN)).includes(HEAD_OF_PDF);
}

export function base64Of(raw: Uint8Array): string {
  let binary = "";
  for (let at = 0; at < raw.length; at += AT_ONCE) binary += latin(raw.subarray(at, at + AT_ONCE));
  return btoa(binary);
}

/** Whether a part is a picture or a file. */
export function isHeld(part: unknown): part is Part {
  const { type } = (part ?? {}) as Part;
  return (type === "image_url" || type === "file") && isObject((part as Part)[type]);
}

export function heldIn(part: Part): Held {
  if (!isHeld(part)) return heldInOther(part);
  const isImage = part.type === "image_url";
  const of = part[isImage ? "image_url" : "file"] as Part;
  const url = [isImage ? of.url : (of.file_data ?? of.file_url)].find((one) => typeof one === "string") ?? "";
  const [data, omitted] = [DATA.exec(url), OMITTED.exec(url)];
  const kind = (data ?? omitted)?.[1] ?? "";
  const size = data ? decoded(url.length - data[0].length, url) : omitted ? decoded(Number(omitted[2]) - `data:${kind};base64,`.length, "") : null;
  const isPicture = isImage || kind.startsWith("image/");
  const address = data || omitted || url === "" ? null : url;
  const name = typeof of.filename === "string" && of.filename !== "" ? of.filename : (address ?? (isPicture ? "Picture" : Array.isArray(of.content) ? "Document" : "File"));
  return { name, kind, size, isPicture, picture: isPicture && SHOWN.test(url) ? url : null, address, isLost: omitted !== null || lostWithin(part) !== -1 };
}

/** The same of what nobody can attach here, such as sound: it goes again as it came. */
function heldInOther(part: Part): Held {
  const type = String(part.type ?? "part");
  const { data, format } = (isObject(part[type]) ? part[type] : {}) as Part;
  const text = typeof data === "string" ? data : "";
  const omitted = OMITTED.exec(text);
  const kind = type === "input_audio" ? `audio/${String(format ?? "")}` : type.slice(0, 100);
  const size = omitted ? decoded(Number(omitted[2]), "") : text ? decoded(text.length, text) : null;
  return { name: type === "input_audio" ? "Sound" : "Part", kind, size, isPicture: false, picture: null, address: null, isLost: omitted !== null };
}

/** Which part of a document that is made of parts is a picture that is not here; -1: none. */
function lostWithin(part: Part): number {
  const { content } = (part.type === "file" ? part.file : {}) as Part;
  return Array.isArray(content) ? content.findIndex((one) => isHeld(one) && heldIn(one).isLost) : -1;
}

/** Whether only a picture can stand in its place: of a document it is one of its pictures that is not here. */
export function wantsPicture({ part }: Attached): boolean {
  return isHeld(part) && lostWithin(part) !== -1;
}

/** What stands in its place once it was attached again. What else was said of it stays. */
export function inPlaceOf(before: Attached, taken: readonly Attached[]): Attached[] {
  const [first] = taken;
  const { at, in: message } = before;
  if (!first) return [before];
  if (wantsPicture(before)) {
    const file = before.part.file as Part;
    const lost = lostWithin(before.part);
    const content = (file.content as Part[]).map((one, index) => (index === lost ? { ...one, ...(first.part.type === "image_url" ? { image_url: { ...(one.image_url as Part), ...(first.part.image_url as Part) } } : first.part) } : one));
    return [{ ...before, part: { ...before.part, file: { ...file, content } } }];
  }
  return taken.map((one) => ({ ...one, ...placeOf(at, message), part: taken.length === 1 ? likeBefore(before.part, one.part) : one.part }));
}

const placeOf = (at: number | undefined, message: number | undefined) => ({ ...(at === undefined ? {} : { at }), ...(message === undefined ? {} : { in: message }) });

/** A part with what was said of another of its kind: how closely to look at a picture, whether a document has a name or is to be quoted. */
function likeBefore(before: Part, part: Part): Part {
  const type = String(part.type);
  if (before.type !== type) return part;
  const was = before[type] as Part;
  const { filename, ...bytes } = part[type] as Part;
  return { ...before, [type]: { ...was, ...bytes, ...(filename !== undefined && was.filename ? { filename } : {}) } };
}

/** How many bytes so many characters of base64 are. */
function decoded(length: number, text: string): number {
  return Math.max(0, Math.floor(length * 0.75) - (text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0));
}

/** What is known of a file that is not here: its name, its kind and its size, and of a part of which more is to be known, all but its bytes. */
export type Mention = [name: string, kind: string, size: number] | ({ part: Part } & Pick<Attached, "name" | "at" | "in">);

/** In characters: an address of more than 2 MiB is none for a browser, and texts of documents may be that long. */
const MENTION_MOST = 100_000;

export function mentionOf({ name, part, at, in: message }: Attached): Mention {
  const { kind, size } = heldIn(part);
  if (at === undefined && message === undefined && isPlain(name, part)) return [name, kind, size ?? 0];
  const bare = withoutData(part) as Part;
  return { name, part: JSON.stringify(bare).length <= MENTION_MOST ? bare : mentioned([name, kind, size ?? 0]).part, ...placeOf(at, message) };
}

export function mentioned(mention: Mention): Attached {
  if (!Array.isArray(mention)) {
    const { name, part, at, in: message } = mention;
    return { id: newId(), name, part, ...placeOf(at, message) };
  }
  const [name, kind, size] = mention;
  const bytes = `data:${kind};base64,`.length + Math.ceil((size * 4) / 3);
  const url = `omitted:${kind};bytes=${bytes};sha256=`;
  return { id: newId(), name, part: kind.startsWith("image/") ? { type: "image_url", image_url: { url } } : { type: "file", file: { filename: name, file_data: url } } };
}

export function isMention(given: unknown): given is Mention {
  if (Array.isArray(given)) return typeof given[0] === "string" && typeof given[1] === "string" && typeof given[2] === "number";
  const { name, part, at, in: message } = (given ?? {}) as Partial<Attached>;
  return typeof name === "string" && isObject(part) && typeof part?.type === "string" && [at, message].every((one) => one === undefined || (Number.isInteger(one) && Number(one) >= 0));
}

/** Those of files that are here, or were. */
export const mentionsOf = (files: readonly Attached[]): Mention[] => files.filter((one) => !one.isComing).map(mentionOf);

/** Whether name, kind and size are all there is to know of it beside its bytes. */
function isPlain(name: string, part: Part): boolean {
  if (!isHeld(part)) return false;
  const { address, kind } = heldIn(part);
  if (address !== null || kind === "" || Object.keys(part).length > 2) return false;
  if (part.type === "image_url") return Object.keys(part.image_url as Part).join() === "url";
  const { filename, file_data: data, ...more } = part.file as Part;
  return filename === name && data !== undefined && !kind.startsWith("image/") && Object.keys(more).length === 0;
}

/** With the names of bytes in place of them, as the books name what they did not keep. */
function withoutData(held: unknown, kind = ""): unknown {
  if (Array.isArray(held)) return held.map((one) => withoutData(one));
  if (!isObject(held)) {
    if (typeof held !== "string" || OMITTED.test(held)) return held;
    const said = DATA.exec(held)?.[1] ?? (BASE64.test(held) || kind ? kind : null);
    return said === null ? held : `omitted:${said};bytes=${held.length};sha256=`;
  }
  const { format } = held as Part;
  return Object.fromEntries(Object.entries(held as Part).map(([name, one]) => [name, name === "text" ? one : withoutData(one, name === "data" ? `audio/${String(format ?? "")}` : "")]));
}

/** The text of a message and what was beside it, each with its place. `texts`: the parts that the text was in, where they say more than it does. */
export function takenApart(content: unknown): { text: string; files: Attached[]; texts?: readonly Part[] } {
  if (typeof content === "string") return { text: content, files: [] };
  const parts = Array.isArray(content) ? (content as Part[]).filter(isObject) : [];
  const texts = parts.filter(isText);
  const files: Attached[] = [];
  let at = 0;
  for (const part of parts) {
    if (isText(part)) at++;
    else files.push({ id: newId(), name: heldIn(part).name, part, ...(at < texts.length ? { at } : {}) });
  }
  const saysMore = texts.length > 1 || (texts.length === 1 && (files.length === 0 || Object.keys(texts[0]!).length > 2));
  return { text: joined(texts.map((one) => one.text)), files, ...(saysMore ? { texts } : {}) };
}

const isText = (part: Part): part is Part & { text: string } => typeof part.text === "string";

/** The content of a message with its files: the text alone where there are none. `texts`: the parts that `content` was in before it was edited. */
export function withFiles(content: Json, files: readonly Attached[], texts: readonly Part[] = []): Json {
  if (files.length === 0 && texts.length === 0) return content;
  const own = ownParts(content, texts);
  const placed = own.flatMap((one, index) => [...files.filter(({ at }) => at === index).map(({ part }) => part as Json), ...(one === null ? [] : [one])]);
  const rest = files.filter(({ at }) => at === undefined || at >= own.length).map(({ part }) => part as Json);
  return placed.length + rest.length > 0 ? [...placed, ...rest] : content;
}

/** What is no file, in its places; null: nothing stands there any more. */
function ownParts(content: Json, texts: readonly Part[]): (Json | null)[] {
  if (Array.isArray(content)) return content;
  if (typeof content !== "string") return [];
  if (texts.length === 0) return [content.trim() ? { type: "text", text: content } : null];
  const before = texts.map((one) => String(one.text));
  return editedPieces(before, content).map((text, at) => (text === null || (text.trim() === "" && text !== before[at]) ? null : ({ ...texts[at], text } as Json)));
}

/** What is the matter with files that are to be sent; null: nothing. */
export function faultOf(files: readonly Attached[], most = Infinity): string | null {
  const late = files.find((one) => one.isComing);
  if (late) return `${late.name} is being read.`;
  const lost = files.find((one) => heldIn(one.part).isLost);
  if (lost) return `${lost.name} is not here: attach it again, or take it out.`;
  if (files.reduce((sum, one) => sum + lengthOf(one.part), 0) > most) return `The pictures and files have more than ${most.toLocaleString("en-US")} bytes as they are sent. Take one out.`;
  return null;
}

function lengthOf(part: Part): number {
  const { url, file_data: file, data } = (isObject(part[String(part.type)]) ? part[String(part.type)] : {}) as Part;
  const held = url ?? file ?? data;
  return typeof held === "string" ? held.length : 0;
}

/** Whether a text holds a file: it goes into no address. */
export function holdsFile(text: string): boolean {
  return /data:[\w.+-]{1,60}\/[\w.+-]{1,80}[^,"]{0,250};base64,/.test(text);
}

/** A text without the bytes of the files in it, which nobody reads. */
export function withoutBytes(text: string): string {
  return text.replace(/(data:[\w.+-]{1,60}\/[\w.+-]{1,80}[^,"]{0,250};base64,)[\w+/=-]{80,}/g, "$1…");
}

function isObject(given: unknown): boolean {
  return typeof given === "object" && given !== null && !Array.isArray(given);
}
