import { expect, it } from "vitest";
import { filesNamed, filesNamedIn } from "./files-named";

const PICTURE = `data:image/png;base64,${"iVBORw0KGgo+/".repeat(60_000)}==`;

it("tells a picture by its kind and size, and leaves the words around it", () => {
  expect(filesNamed(`Look: ${PICTURE} and say what it is`)).toBe("Look: [image/png, 585.0\u00a0kB] and say what it is");
  expect(filesNamed("data: none; base64 is a word")).toBe("data: none; base64 is a word");
});

it("does so in all texts of a value, and nothing else changes", () => {
  const file = (file_data: string) => [{ role: "user", content: [{ type: "text", text: 'a "b"' }, { type: "file", file: { filename: "x.pdf", file_data } }] }];
  expect(filesNamedIn({ history: file("data:application/pdf;base64,JVBERi0x"), n: 1, none: null })).toEqual({ history: file("[application/pdf, 6\u00a0B]"), n: 1, none: null });
});
