import { expect, it } from "vitest";
import { textOfFile } from "./text-of-file";

const of = (...bytes: number[]) => new Uint8Array(bytes).buffer;
const wide = (text: string, littleEndian: boolean) => {
  const view = new DataView(new ArrayBuffer(4 * [...text].length));
  [...text].forEach((one, at) => view.setUint32(4 * at, one.codePointAt(0) ?? 0, littleEndian));
  return view.buffer as ArrayBuffer;
};

it("reads a file in its own letters, or says what to do", () => {
  expect(textOfFile(new TextEncoder().encode("ä,b").buffer as ArrayBuffer)).toBe("ä,b");
  expect(textOfFile(of(0xef, 0xbb, 0xbf, 0x61))).toBe("a");
  expect(textOfFile(of(0xff, 0xfe, 0xe4, 0x00, 0x2c, 0x00))).toBe("ä,");
  expect(textOfFile(of(0xfe, 0xff, 0x00, 0xe4))).toBe("ä");
  expect(() => textOfFile(of(0xe4, 0x2c, 0x62))).toThrow("CSV UTF-8");
  expect(() => textOfFile(of(0xff, 0xfe, 0x00))).toThrow("The file begins as UTF-16 does, and is not so. Save it as UTF-8.");
});

it("reads UTF-32, which begins as UTF-16 does", () => {
  for (const littleEndian of [true, false]) expect(textOfFile(wide("\ufeffä 🦉\n", littleEndian))).toBe("ä 🦉\n");
  expect(() => textOfFile(of(0xff, 0xfe, 0, 0, 0x61, 0, 0))).toThrow("begins as UTF-32 does");
  expect(() => textOfFile(of(0xff, 0xfe, 0, 0, 0, 0xd8, 0, 0))).toThrow("begins as UTF-32 does");
});

it("reads the beginning of a file that is cut within a letter", () => {
  expect(textOfFile(of(0x61, 0xc3), { cut: true })).toBe("a");
  expect(textOfFile(of(0xff, 0xfe, 0x61, 0x00, 0x3e), { cut: true })).toBe("a");
  expect(textOfFile(wide("\ufeffab", true).slice(0, 11), { cut: true })).toBe("a");
});
