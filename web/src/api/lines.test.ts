import { afterEach, expect, it, vi } from "vitest";
import { signedOut } from "./client";
import { linesOf, sendLines } from "./lines";

afterEach(() => vi.unstubAllGlobals());

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

it("sends a file under its type and key, and tells when nobody is signed in any more", async () => {
  const asked = vi.fn<(path: string, init: RequestInit) => Promise<Response>>(() => Promise.resolve(Response.json({ added: 1 })));
  vi.stubGlobal("fetch", asked);
  expect(await sendLines("/v1/import", "a: 1", { type: "application/yaml", key: "k" })).toEqual({ added: 1 });
  expect(asked.mock.calls[0]?.[1]).toMatchObject({ method: "POST", body: "a: 1", headers: { "Content-Type": "application/yaml", "Idempotency-Key": "k" } });

  const heard = vi.fn();
  signedOut.add(heard);
  asked.mockResolvedValue(Response.json({ error: { type: "authentication_error", code: "not_signed_in", message: "Sign in." } }, { status: 401 }));
  await expect(sendLines("/v1/import", "{}")).rejects.toThrow("Sign in.");
  expect(heard).toHaveBeenCalledTimes(1);
  signedOut.delete(heard);
});
