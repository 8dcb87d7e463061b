import { expect, it } from "vitest";
import { type Job, bodyOf, contentsOf, nameOf, pickedFrom, progressOf, resultLines } from "./job";

const draft = { source: "document", from: "text", text: "Parcels take three days.", url: "", file: null, name: " ", user: "" } as const;

it("sends a text as it stands, a chat as messages, an address alone", () => {
  expect(bodyOf(draft)).toEqual({ source_type: "document", metadata: {}, content: "Parcels take three days." });
  expect(bodyOf({ ...draft, text: ' {"messages": [{"role": "user", "content": "Hi"}]}', name: "chat-1", user: "ada" })).toEqual({ source_type: "document", metadata: {}, external_id: "chat-1", user_id: "ada", content: { messages: [{ role: "user", content: "Hi" }] } });
  expect(bodyOf({ ...draft, text: '{"a": 1}' }).content).toBe('{"a": 1}');
  expect(bodyOf({ ...draft, text: "{{half" }).content).toBe("{{half");
  expect(bodyOf({ ...draft, from: "url", url: " https://example.com/a " })).toEqual({ source_type: "document", metadata: {}, url: "https://example.com/a" });
});

it("names a job by what somebody knows it by, and tells parts only where there are several", () => {
  const job = { external_id: null, url: null, session_id: null, source_type: "youtube", id: "0a-123456" };
  expect(nameOf(job)).toBe("Video transcript …123456");
  expect(nameOf({ ...job, external_id: "mine", url: "https://x" })).toBe("mine");
  expect(progressOf({ processing_status: "processing", progress: { done: 2, parts: 5 } })).toBe("2 of 5 parts");
  expect(progressOf({ processing_status: "processing", progress: { done: 0, parts: 1 } })).toBeNull();
  expect(progressOf({ processing_status: "completed", progress: { done: 5, parts: 5 } })).toBeNull();
});

it("takes a content a line, as a text or as an object, and says which line cannot be sent", () => {
  expect(contentsOf("\ufeffFirst.\r\n\n  Second {not json}  \n")).toEqual([
    { content: "First.", metadata: {} },
    { content: "Second {not json}", metadata: {} },
  ]);
  expect(contentsOf('{"messages": [{"role": "user", "content": "Hi"}], "external_id": "chat-1"}\n{"url": "https://example.com/a", "metadata": {"a": 1}}')).toEqual([
    { metadata: {}, external_id: "chat-1", content: { messages: [{ role: "user", content: "Hi" }] } },
    { metadata: { a: 1 }, url: "https://example.com/a" },
  ]);
  expect(() => contentsOf('fine\n{"content": ')).toThrow("Line 2 begins like a JSON object");
  expect(() => contentsOf('{"text": "a"}')).toThrow("Line 1: “text” is nothing that a content has");
  expect(() => contentsOf('{"content": "a", "url": "https://b"}')).toThrow("Line 1: give one of");
  expect(() => contentsOf("a\n".repeat(501))).toThrow("At most 500 contents go at once; these are 501");
});

it("writes results in the order in which the contents were sent", () => {
  const job = (id: string, external_id: string | null): Job => ({ id, external_id, url: null, processing_status: "completed", result: { wanted: id }, error: null, prompt: null, version: null, model: "m", usage: { cost_nusd: 5 }, simulated: true }) as unknown as Job;
  const lines = resultLines([job("2", null), job("1", "mine")]).trimEnd().split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines.map(({ id, external_id: name, result, cost_nusd: cost }) => [id, name, result, cost])).toEqual([
    ["1", "mine", { wanted: "1" }, 5],
    ["2", null, { wanted: "2" }, 5],
  ]);
});

it("takes a PDF as base64, a text as what it says, and nothing else", async () => {
  const pdf = await pickedFrom(new File(["junk\n%PDF-1.7\n\u0000"], "parcels.pdf"));
  expect(pdf).toEqual({ name: "parcels.pdf", content: { file_data: `data:application/pdf;base64,${btoa("junk\n%PDF-1.7\n\u0000")}` } });
  expect(bodyOf({ ...draft, from: "file", file: pdf })).toEqual({ source_type: "document", metadata: {}, content: pdf.content });
  const chat = await pickedFrom(new File(['{"messages": [{"role": "user", "content": "Hi"}]}'], "chat.json"));
  expect(bodyOf({ ...draft, from: "file", file: chat }).content).toEqual({ messages: [{ role: "user", content: "Hi" }] });
  for (const end of ["le", "be"]) {
    const units = Array.from('\ufeff{"messages": [{"role": "user", "content": "Grüße 🙂"}]}'.split(""), (letter) => letter.charCodeAt(0));
    const bytes = units.flatMap((unit) => (end === "le" ? [unit & 255, unit >> 8] : [unit >> 8, unit & 255]));
    const sheet = await pickedFrom(new File([new Uint8Array(bytes)], "chat.txt"));
    expect(bodyOf({ ...draft, from: "file", file: sheet }).content).toEqual({ messages: [{ role: "user", content: "Grüße 🙂" }] });
  }
  await expect(pickedFrom(new File([new Uint8Array([0x50, 0x4b, 0, 0xff])], "a.zip"))).rejects.toThrow("neither a PDF nor a text");
  await expect(pickedFrom(new File([new Uint8Array([0xff, 0xfe, 0x41, 0, 0, 0])], "a.txt"))).rejects.toThrow("neither a PDF nor a text");
  await expect(pickedFrom(new File(["PK\u0000"], "a.zip"))).rejects.toThrow("neither a PDF nor a text");
  await expect(pickedFrom(new File([], "a.pdf"))).rejects.toThrow("holds nothing");
  await expect(pickedFrom(new File([new Uint8Array(6 * 1024 * 1024)], "a.pdf"))).rejects.toThrow("from its address");
});
