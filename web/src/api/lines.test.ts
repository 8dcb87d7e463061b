import { expect, it } from "vitest";
import { linesOf } from "./lines";

function readerOf(chunks: Uint8Array[]) {
  return { read: () => Promise.resolve(chunks.length > 0 ? { done: false as const, value: chunks.shift() as Uint8Array<ArrayBuffer> } : { done: true as const, value: undefined }) };
}

it("puts lines together, wherever the body was cut", async () => {
  const whole = new TextEncoder().encode('{"a":"ä"}\n\n{"b":2}\r\n{"c":3}');
  for (const step of [1, 2, 3, 7, whole.length]) {
    const chunks = Array.from({ length: Math.ceil(whole.length / step) }, (_, at) => whole.slice(at * step, (at + 1) * step));
    const found: unknown[] = [];
    for await (const line of linesOf(readerOf(chunks))) found.push(JSON.parse(line));
    expect(found).toEqual([{ a: "ä" }, { b: 2 }, { c: 3 }]);
  }
});
