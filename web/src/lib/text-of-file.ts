/** Files as texts: UTF-8, or what a mark before them says, as sheets write “Unicode text” and PowerShell whatever it writes. */

type Encoding = "utf-8" | "utf-16le" | "utf-16be" | "utf-32le" | "utf-32be";

/** The longer ones first: that of UTF-32 begins as that of UTF-16 does. */
const MARKS: readonly (readonly [mark: readonly number[], encoding: Encoding, name: string])[] = [
  [[0xff, 0xfe, 0, 0], "utf-32le", "UTF-32"],
  [[0, 0, 0xfe, 0xff], "utf-32be", "UTF-32"],
  [[0xff, 0xfe], "utf-16le", "UTF-16"],
  [[0xfe, 0xff], "utf-16be", "UTF-16"],
];

/** By which mark a text begins that is not UTF-8; nothing where it has none. Every other byte of such a text may be 0, as in no other. */
export function markedAs(bytes: ArrayBuffer): readonly [mark: readonly number[], encoding: Encoding, name: string] | undefined {
  const head = new Uint8Array(bytes, 0, Math.min(4, bytes.byteLength));
  return MARKS.find(([mark]) => mark.every((one, at) => head[at] === one));
}

/** The text without its mark. `cut`: it is the beginning of a file, and may end within a letter. Throws an Error that says what to do: letters
 * that were guessed would be saved wrong. */
export function textOfFile(bytes: ArrayBuffer, { cut = false }: { cut?: boolean } = {}): string {
  const [, encoding, name] = markedAs(bytes) ?? [[], "utf-8" as const, null];
  try {
    return encoding.startsWith("utf-32") ? inUtf32(bytes, encoding === "utf-32le", cut) : new TextDecoder(encoding, { fatal: true }).decode(bytes, { stream: cut });
  } catch {
    throw new Error(name ? `The file begins as ${name} does, and is not so. Save it as UTF-8.` : "The file is not UTF-8, so its letters would be saved wrong. Sheets save it so as “CSV UTF-8”; an editor under “Encoding”.");
  }
}

/** Browsers read no UTF-32. Throws a RangeError for what is none. */
function inUtf32(bytes: ArrayBuffer, littleEndian: boolean, cut: boolean): string {
  const view = new DataView(bytes);
  if (bytes.byteLength % 4 !== 0 && !cut) throw new RangeError();
  const letters: string[] = [];
  for (let at = 4; at + 4 <= bytes.byteLength; at += 4) {
    const code = view.getUint32(at, littleEndian);
    if (code >= 0xd800 && code <= 0xdfff) throw new RangeError();
    letters.push(String.fromCodePoint(code));
  }
  return letters.join("");
}
