import { describe, expect, it, vi } from "vitest";
import { EventParser, type ServerEvent, serverEvents } from "./sse";
import { stream } from "./stream";

const text = ': hello\r\nid: 7\r\nevent: figures\r\ndata: {"a":1}\r\n\r\nretry: 250\r\ndata: one\r\ndata:two\r\ndata\r\n\r\n';
const expected: ServerEvent[] = [
  { event: "figures", data: '{"a":1}', id: "7" },
  { event: "message", data: "one\ntwo\n", id: "7" },
];

describe("server-sent events", () => {
  it.each(["\r\n", "\n", "\r"])("end their lines by %j", (end) => {
    expect(new EventParser().push(text.replaceAll("\r\n", end) + (end === "\r" ? ":\r" : ""))).toEqual(expected);
  });

  it("are the same wherever the text is cut in two", () => {
    for (let at = 0; at <= text.length; at++) {
      const parser = new EventParser();
      expect([...parser.push(text.slice(0, at)), ...parser.push(text.slice(at))], `cut at ${at}`).toEqual(expected);
    }
  });

  it("are the same one character at a time", () => {
    const parser = new EventParser();
    expect([...text].flatMap((one) => parser.push(one))).toEqual(expected);
    expect(parser.retryMs).toBe(250);
  });

  it("need data, forget an unfinished end, and keep no foreign name", () => {
    expect(new EventParser().push("event: x\n\nid: 1\n\n\ufeffdata: y\n\ndata: cut off")).toEqual([]);
    expect(new EventParser().push("\ufeffevent: a\ndata: 1\n\ndata: 2\n\n").map((one) => one.event)).toEqual(["a", "message"]);
  });

  it.each(["data: 5678901", "data: 1\n".repeat(5), "data\n".repeat(12)])("are refused before they fill the memory", (endless) => {
    const parser = new EventParser(10);
    expect(parser.push("data: 1234\n\n".repeat(9))).toHaveLength(9);
    expect(() => [...endless].map((one) => parser.push(one))).toThrow("more than 10 characters");
  });

  it("too long are not said to be a lost connection", async () => {
    vi.spyOn(globalThis, "fetch").mockResolvedValue(new Response("data: 1"));
    vi.spyOn(EventParser.prototype, "push").mockImplementation(() => {
      throw new RangeError("The answer is too long");
    });
    await expect(stream("/v1/executions").next()).rejects.toMatchObject({ message: "The answer is too long", isConnection: false });
    vi.restoreAllMocks();
  });

  it("come out of bytes that cut a character in two", async () => {
    const bytes = new TextEncoder().encode("data: é🙂\n\n");
    const body = new ReadableStream<Uint8Array>({
      start(out) {
        for (const byte of bytes) out.enqueue(Uint8Array.of(byte));
        out.close();
      },
    });
    const found: string[] = [];
    for await (const { data } of serverEvents(body)) found.push(data);
    expect(found).toEqual(["é🙂"]);
  });
});
