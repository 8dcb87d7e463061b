import { expect, it } from "vitest";
import { type Attached, attach, faultOf, filesOf, heldIn, holdsFile, inPlaceOf, isMention, mentionOf, mentioned, takenApart, withFiles, withoutBytes } from "./attached";
import { TemplateError, parseMessages, render } from "./template";
import { readValue, valuesFor, withAttached } from "./values";

const MOST = 3_145_728;
const PNG = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const of = (content: BlobPart, name: string, type = "") => attach(new File([content], name, { type }), { most: MOST });
const taken = async (content: BlobPart, name: string, type = "") => (await of(content, name, type)) as Attached;

it("tells a file by what stands in it, and takes texts of any ending", async () => {
  expect(heldIn((await taken(PNG, "a.png", "image/png")).part)).toMatchObject({ kind: "image/png", size: 8, isPicture: true, picture: "data:image/png;base64,iVBORw0KGgo=" });
  expect((await taken("%PDF-1.7", "a.pdf", "application/pdf")).part).toEqual({ type: "file", file: { filename: "a.pdf", file_data: "data:application/pdf;base64,JVBERi0xLjc=" } });
  expect(heldIn((await taken("a,b", "a.csv", "application/vnd.ms-excel")).part)).toMatchObject({ name: "a.csv", kind: "text/plain", size: 3 });
  expect(heldIn((await taken("# Ä", "a.md", "text/markdown")).part).kind).toBe("text/markdown");
  // As Notepad's “Unicode” and PowerShell write it: sent as UTF-8, whatever the system calls it.
  for (const type of ["text/csv", ""]) expect((await taken(new Uint8Array([0xff, 0xfe, 0xc4, 0, 0x2c, 0]), "a.csv", type)).part).toMatchObject({ file: { file_data: `data:${type || "text/plain"};base64,w4Qs` } });
});

it("takes for a PDF what begins as one, and no text that tells of them", async () => {
  const kindOf = async (content: BlobPart, name: string, type = "") => heldIn((await taken(content, name, type)).part).kind;
  expect(await kindOf("%PDF-1.7", "scan")).toBe("application/pdf");
  expect(await kindOf("one begins with %PDF-.", "about.txt", "text/plain")).toBe("text/plain");
  expect(await kindOf("one begins with %PDF-.", "about.md")).toBe("text/plain");
  // Readers take one whose head stands in its first 1,024 bytes, and so does the API.
  expect(await kindOf("\n\n%PDF-1.7", "scan.pdf", "application/pdf")).toBe("application/pdf");
  expect(await kindOf(new Uint8Array([0, 1, ...new TextEncoder().encode("%PDF-1.7")]), "scan")).toBe("application/pdf");
  expect(await of(`${" ".repeat(1_020)}%PDF-1.7`, "late.pdf", "application/pdf")).toHaveProperty("why");
});

it("says in the words of the API what cannot be sent", async () => {
  expect(await of("PK\0", "a.zip", "application/zip")).toEqual({ why: "a.zip: 'application/zip' is not offered; send a PDF (application/pdf) or a text (text/plain, text/csv, …), or a picture (png, jpeg, gif, webp)." });
  expect(await of("<svg/>", "a.svg", "image/svg+xml")).toMatchObject({ why: expect.stringContaining("'image/svg+xml' is not offered") });
  expect(await of("no", "a.pdf", "application/pdf")).toEqual({ why: "a.pdf: is no PDF; one begins with %PDF-." });
  expect(await of("a\0b", "a.txt", "text/plain")).toEqual({ why: "a.txt: is no text: it holds bytes that none has." });
  expect(heldIn((await taken(new Uint8Array([0x4d, 0xfc, 0x6c]), "a.csv", "text/csv")).part).kind).toBe("text/csv"); // as Excel saves it
  expect(await of(new Uint8Array([0x4d, 0xfc, 0x6c]), "a.bin")).toMatchObject({ why: expect.stringContaining("is not offered") });
  expect(await of("", "a.txt")).toEqual({ why: "a.txt: holds nothing." });
  expect(await of(new Uint8Array(3_000_000), "big.bin")).toMatchObject({ why: expect.stringContaining("at most 2,359,296 can be sent") });
  expect(await attach(new File(["text"], "a.txt"), { most: MOST, only: "pictures" })).toMatchObject({ why: expect.stringContaining("no picture") });
});

it("finds in what was sent what was beside the text, and sends it as it stood", () => {
  const image = { type: "image_url", image_url: { url: "data:image/png;base64,iVBORw0KGgo=", detail: "low" } };
  const content = [image, { type: "text", text: "What is this?" }, { type: "file", file: { file_data: "omitted:application/pdf;bytes=4032;sha256=ab", filename: "big.pdf" } }];
  const { text, files } = takenApart(content);
  expect([text, files.map((one) => one.name)]).toEqual(["What is this?", ["Picture", "big.pdf"]]);
  expect(withFiles(text, files)).toEqual(content);
  expect(faultOf(files, MOST)).toBe("big.pdf is not here: attach it again, or take it out.");
  expect(heldIn(files[1]!.part)).toMatchObject({ kind: "application/pdf", size: 3_003, isLost: true });
  expect(heldIn({ type: "image_url", image_url: { url: "https://example.com/a.png" } })).toMatchObject({ picture: null, address: "https://example.com/a.png" });
  expect(withFiles("text", [])).toBe("text");
});

const DATA = "data:image/png;base64,iVBORw0KGgo=";
const GONE = `omitted:image/png;bytes=4032;sha256=${"ab".repeat(32)}`;
const MIXED = [
  { type: "text", text: "Compare" },
  { type: "image_url", image_url: { url: "https://example.com/a.png", detail: "low" } },
  { type: "text", text: "with", cache_control: { type: "ephemeral" } },
  { type: "image_url", image_url: { url: DATA } },
  { type: "input_audio", input_audio: { data: "AAAA", format: "wav" } },
  { type: "text", text: "and tell." },
  { type: "file", file: { filename: "Report", context: "of May", content: [{ type: "text", text: "data: here" }, { type: "image_url", image_url: { url: DATA } }] } },
];

it("sends parts of any kind again in their order, and each text as it was edited", () => {
  const { text, files, texts } = takenApart(MIXED);
  expect(withFiles(text, files, texts)).toEqual(MIXED);
  expect(withFiles("Compare\nto\nand tell.", files, texts)).toEqual(MIXED.map((one, at) => (at === 2 ? { ...one, text: "to" } : one)));
  expect(withFiles("Compare", files, texts)).toEqual(MIXED.filter((_, at) => at !== 2 && at !== 5));
  expect(withFiles(text, files.slice(1), texts)).toEqual(MIXED.filter((_, at) => at !== 1));
  expect(files.map(({ name, part }) => [name, heldIn(part).kind])).toEqual([["https://example.com/a.png", ""], ["Picture", "image/png"], ["Sound", "audio/wav"], ["Report", ""]]);
  for (const content of [[{ type: "text", text: "Hello" }], [{ type: "refusal", refusal: "No." }], []]) {
    const apart = takenApart(content);
    expect(withFiles(apart.text, apart.files, apart.texts)).toEqual(content.length > 0 ? content : "");
  }
});

it("keeps in an address all but the bytes of a part", () => {
  const { text, files, texts } = takenApart(MIXED);
  const kept = JSON.parse(JSON.stringify(files.map(mentionOf))) as unknown[];
  expect([kept.every(isMention), JSON.stringify(kept)]).toEqual([true, expect.not.stringMatching(/iVBO|AAAA/)]);
  const again = files.map(mentionOf).map(mentioned);
  expect(again.map(({ at, part }) => [at, heldIn(part).isLost])).toEqual([[1, false], [2, true], [2, true], [undefined, true]]);
  const shaped = JSON.stringify(withFiles(text, again, texts)).replaceAll(/"omitted:[^"]*"/g, '"…"');
  expect(shaped).toBe(JSON.stringify(MIXED).replaceAll(/"(?:data:image[^"]*|AAAA)"/g, '"…"'));
  expect(isMention({ name: "a", part: { type: "file" }, at: -1 })).toBe(false);
  const long = mentionOf({ id: "1", name: "Report", part: { type: "file", file: { filename: "Report", content: [{ type: "text", text: "x".repeat(200_000) }] } }, at: 1 });
  expect([JSON.stringify(long).length < 200, heldIn(mentioned(long).part).isLost]).toEqual([true, true]);
});

it("asks for the pictures of a document that are not here, one by one, and leaves the rest of it", async () => {
  const picture = { type: "image_url", image_url: { url: GONE, detail: "low" } };
  const part = { type: "file", file: { filename: "Report", content: [picture, { type: "text", text: "of May" }, picture] } };
  const lost = { id: "1", name: "Report", part, at: 1 };
  expect(faultOf([lost], MOST)).toBe("Report is not here: attach it again, or take it out.");
  const here = await taken(PNG, "a.png");
  const [once] = inPlaceOf(lost, [here]);
  expect(heldIn(once!.part).isLost).toBe(true);
  const [twice] = inPlaceOf(once!, [here]);
  const found = { type: "image_url", image_url: { url: DATA, detail: "low" } };
  expect(twice).toEqual({ ...lost, part: { type: "file", file: { filename: "Report", content: [found, { type: "text", text: "of May" }, found] } } });
});

it("keeps what else was said of a file that is attached again", async () => {
  const lost = { id: "1", name: "a.pdf", part: { type: "file", file: { filename: "a.pdf", context: "of May", file_data: `omitted:application/pdf;bytes=9;sha256=${"ab".repeat(32)}` } }, in: 2 };
  const [again] = inPlaceOf(lost, [await taken("%PDF-1.7", "b.pdf")]);
  expect(again).toMatchObject({ name: "b.pdf", in: 2, part: { file: { filename: "b.pdf", context: "of May", file_data: "data:application/pdf;base64,JVBERi0xLjc=" } } });
});

it("mentions a file by name, kind and size alone", async () => {
  for (const size of [1, 2, 3, 4, 1_000]) {
    const mention = mentionOf(await taken("x".repeat(size), "a.txt", "text/plain"));
    expect(mention).toEqual(["a.txt", "text/plain", size]);
    expect(mentionOf(mentioned(mention))).toEqual(mention);
  }
  expect([holdsFile('[{"url":"data:image/png;base64,iVBO"}]'), holdsFile("data: base64, or so")]).toEqual([true, false]);
  expect(withoutBytes(`[{"url":"data:image/png;base64,${"A".repeat(200)}"}]`)).toBe('[{"url":"data:image/png;base64,…"}]');
});

it("reads the address of a picture, which was taken for an object of JSON", () => {
  expect(readValue("https://example.com/a.png", "image_url")).toEqual({ value: "https://example.com/a.png" });
  expect(readValue("a.png", "image_url")).toHaveProperty("fault");
});

it("gives a picture to the variable that is one, and files to the last message of a placeholder", async () => {
  const [picture, file] = [await taken(PNG, "a.png"), await taken("text", "a.txt")];
  const template = parseMessages([{ role: "user", content: "{{user.photo: image_url}}" }, { role: "placeholder", name: "history" }]);
  const found = withAttached(valuesFor(template, {}), template, { "user.photo": [picture], history: [file], other: [file] });
  expect(found).toEqual({ values: { user: { photo: heldIn(picture.part).picture }, history: [{ role: "user", content: [file.part] }] }, missing: [], faults: {} });
  const said = withAttached(valuesFor(template, { history: '[{"role":"user","content":"Read it."}]' }), template, { history: [file] });
  expect(said.values.history).toEqual([{ role: "user", content: [{ type: "text", text: "Read it." }, file.part] }]);
  expect(said.missing).toEqual(["user.photo"]);
  expect(withAttached(valuesFor(template, {}), template, { "user.photo": [mentioned(["a.png", "image/png", 9])] }).faults["user.photo"]).toContain("not here");
});

it("gives files to a placeholder whatever it is called", async () => {
  const file = await taken("text", "a.txt");
  const template = parseMessages([{ role: "user", content: "{{toString: image_url}}" }, { role: "placeholder", name: "constructor" }]);
  const found = withAttached(valuesFor(template, {}), template, { constructor: [file] });
  expect(found).toEqual({ values: { constructor: [{ role: "user", content: [file.part] }] }, missing: ["toString"], faults: {} });
  expect([filesOf({}, "constructor"), filesOf({ constructor: [file] }, "constructor")]).toEqual([[], [file]]);
});

it("counts pictures and files of a placeholder by themselves, as the API does", () => {
  const template = parseMessages([{ role: "placeholder", name: "history" }]);
  const asked = (bytes: number) => render(template, { history: [{ role: "user", content: [{ type: "file", file: { file_data: `data:text/plain;base64,${"A".repeat(bytes)}` } }] }] });
  expect(asked(2_000_000).messages).toHaveLength(1);
  expect(() => asked(MOST)).toThrow(TemplateError);
});
