/** Pictures and files as words, where a text is read and not sent: their bytes say nothing there, and a page of them is megabytes. Pure. */
import { bytes } from "./format";

const FILE = /data:([^;,\s"']{1,100})[^,\s"']{0,200};base64,([\w+/=-]*)/g;

/** `[application/pdf, 5 kB]` in place of each data URL. */
export function filesNamed(text: string): string {
  return text.includes(";base64,") ? text.replaceAll(FILE, (_, kind: string, letters: string) => `[${kind}, ${bytes(Math.floor(letters.length * 0.75))}]`) : text;
}

/** The same in all texts of a value. */
export function filesNamedIn(value: unknown): unknown {
  return JSON.parse(filesNamed(JSON.stringify(value) ?? "null"));
}
