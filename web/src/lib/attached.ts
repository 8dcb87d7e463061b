/** Pictures and files beside a text: read from the computer of whoever attaches them, sent as parts of a message, and found again in what
 * was sent. Pure but for reading. */
import type { Json } from "./template";

export type Part = Record<string, unknown>;

/** `part`: as it is sent. `isBefore`: it stood before the text. */
export type Attached = { id: string; name: string; part: Part; isBefore?: boolean };
/** By the name of the variable that they are given for. */
export type Files = Readonly<Record<string, readonly Attached[]>>;

/** What a part holds. `size` in bytes, null where nobody says it. `picture`: to be shown as it is. `isLost`: the bytes are not here. */
export type Held = { name: string; kind: string; size: number | null; isPicture: boolean; picture: string | null; address: string | null; isLost: boolean };

export const PICTURES = ["image/png", "image/jpeg", "image/gif", "image/webp"] as const;
/** Of the pictures and files of variables together, as they are sent (shared/burnish_shared/template/rendering.py). */
export const IN_VARIABLES_MOST = 3_145_728;
/** Of all in messages of one's own: a body has 8 MiB at most (services/gateway/burnish_gateway/wire.py), and holds a text besides. */
export const IN_MESSAGES_MOST = 8 * 1024 * 1024 - 64 * 1024;

const OFFERED = "a PDF (application/pdf) or a text (text/plain, text/csv, …)";
const HEAD_OF_PDF_WITHIN = 1_024;
const SHOWN = /^data:image\/(?:png|jpeg|gif|webp);base64,/;
const DATA = /^data:([^;,]{1,100})[^,]{0,250},/;
/** How the books name what they did not keep: its kind, the length of the text that stood there, and that text's SHA-256. */
const OMITTED = /^omitted:([^;]{0,100});bytes=(\d+);sha256=/;

let made = 0;
export const newId = () => `attached-${++made}`;

/** A file as a part, or why it cannot be sent, in the words of the API. */
export async function attach(file: File, { most, only }: { /** In bytes as it is sent. */ most: number; only?: "pictures" }): Promise<Attached | { why: string }> {
  const fault = (why: string) => ({ why: `${file.name}: ${why}` });
  if (file.size === 0) return fault("holds nothing.");
  if (file.size * (4 / 3) > most) return fault(`has ${file.size.toLocaleString("en-US")} bytes; at most ${Math.floor(most * 0.75).toLocaleString("en-US")} can be sent.`);
  const raw = new Uint8Array(await file.arrayBuffer());
  const declared = (file.type.split(";")[0] ?? "").toLowerCase();
  const kind = kindOf(raw, declared);
  if (kind === "no pdf") return fault("is no PDF; one begins with %PDF-.");
  const isPicture = (PICTURES as readonly string[]).includes(kind);
  if (only === "pictures" && !isPicture) return fault(`'${declared || "what it is"}' is no picture (png, jpeg, gif, webp).`);
  if (kind === "") return fault(`'${declared || "its kind"}' is not offered; send ${OFFERED}, or a picture (png, jpeg, gif, webp).`);
  const url = `data:${kind};base64,${base64Of(raw)}`;
  if (url.length > most) return fault(`has ${url.length.toLocaleString("en-US")} bytes as it is sent; at most ${most.toLocaleString("en-US")} can be.`);
  return { id: newId(), name: file.name, part: isPicture ? { type: "image_url", image_url: { url } } : { type: "file", file: { filename: file.name, file_data: url } } };
}

/** By what stands in it: what a system says of a file goes by its name, and for CSV by what else is installed. "": none that is offered. */
function kindOf(raw: Uint8Array, declared: string): string {
  const begins = (...bytes: number[]) => bytes.every((one, at) => raw[at] === one);
  if (begins(0x89, 0x50, 0x4e, 0x47)) return "image/png";
  if (begins(0xff, 0xd8, 0xff)) return "image/jpeg";
  if (begins(0x47, 0x49, 0x46, 0x38)) return "image/gif";
  if (begins(0x52, 0x49, 0x46, 0x46) && latin(raw.subarray(8, 12)) === "WEBP") return "image/webp";
  if (latin(raw.subarray(0, HEAD_OF_PDF_WITHIN)).includes("%PDF-")) return "application/pdf";
  if (declared === "application/pdf") return "no pdf";
  if (/^(image|audio|video)\//.test(declared)) return "";
  if (/^text\/[a-z0-9.+-]{1,60}$/.test(declared)) return declared;
  return isText(raw) ? "text/plain" : "";
}

function isText(raw: Uint8Array): boolean {
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

function base64Of(raw: Uint8Array): string {
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
  const isImage = part.type === "image_url";
  const of = part[isImage ? "image_url" : "file"] as Part;
  const url = [isImage ? of.url : (of.file_data ?? of.file_url)].find((one) => typeof one === "string") ?? "";
  const [data, omitted] = [DATA.exec(url), OMITTED.exec(url)];
  const kind = (data ?? omitted)?.[1] ?? "";
  const size = data ? decoded(url.length - data[0].length, url) : omitted ? decoded(Number(omitted[2]) - `data:${kind};base64,`.length, "") : null;
  const isPicture = isImage || kind.startsWith("image/");
  const address = data || omitted || url === "" ? null : url;
  const name = typeof of.filename === "string" && of.filename !== "" ? of.filename : (address ?? (isPicture ? "Picture" : Array.isArray(of.content) ? "Document" : "File"));
  return { name, kind, size, isPicture, picture: isPicture && SHOWN.test(url) ? url : null, address, isLost: omitted !== null };
}

/** How many bytes so many characters of base64 are. */
function decoded(length: number, text: string): number {
  return Math.max(0, Math.floor(length * 0.75) - (text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0));
}

/** What is known of a file that is not here: its name, its kind and its size. */
export type Mention = [name: string, kind: string, size: number];

export function mentionOf({ name, part }: Attached): Mention {
  const { kind, size } = heldIn(part);
  return [name, kind, size ?? 0];
}

export function mentioned([name, kind, size]: Mention): Attached {
  const bytes = `data:${kind};base64,`.length + Math.ceil((size * 4) / 3);
  const url = `omitted:${kind};bytes=${bytes};sha256=`;
  return { id: newId(), name, part: kind.startsWith("image/") ? { type: "image_url", image_url: { url } } : { type: "file", file: { filename: name, file_data: url } } };
}

export function isMention(given: unknown): given is Mention {
  return Array.isArray(given) && typeof given[0] === "string" && typeof given[1] === "string" && typeof given[2] === "number";
}

/** The text of a message and what was beside it. Parts of other kinds, which nobody can attach, are left out. */
export function takenApart(content: unknown): { text: string; files: Attached[] } {
  if (typeof content === "string") return { text: content, files: [] };
  const parts = Array.isArray(content) ? (content as Part[]) : [];
  const firstText = parts.findIndex((one) => typeof one?.text === "string");
  const text = parts.flatMap((one) => (typeof one?.text === "string" ? [one.text] : [])).join("\n");
  const files = parts.flatMap((part, at) => (isHeld(part) ? [{ id: newId(), name: heldIn(part).name, part, ...(at < firstText ? { isBefore: true } : {}) }] : []));
  return { text, files };
}

/** The content of a message with its files: the text alone where there are none. */
export function withFiles(content: Json, files: readonly Attached[]): Json {
  if (files.length === 0) return content;
  const own = typeof content === "string" ? (content.trim() ? [{ type: "text", text: content }] : []) : Array.isArray(content) ? content : [];
  const parts = (before: boolean) => files.filter((one) => (one.isBefore ?? false) === before).map((one) => one.part as Json);
  return [...parts(true), ...own, ...parts(false)];
}

/** What is the matter with files that are to be sent; null: nothing. */
export function faultOf(files: readonly Attached[], most: number): string | null {
  const lost = files.find((one) => heldIn(one.part).isLost);
  if (lost) return `${lost.name} is not here: attach it again, or take it out.`;
  if (files.reduce((sum, one) => sum + lengthOf(one.part), 0) > most) return `The pictures and files have more than ${most.toLocaleString("en-US")} bytes as they are sent. Take one out.`;
  return null;
}

function lengthOf(part: Part): number {
  const { url, file_data: data } = (part.type === "image_url" ? part.image_url : part.file) as Part;
  const held = url ?? data;
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
