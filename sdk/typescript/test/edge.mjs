// The package in a world that has only what browsers, workers and edge runtimes share: no process, no Buffer, no modules of Node.
// Run with --experimental-vm-modules.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import vm from "node:vm";

const SHARED = ["fetch", "Request", "Response", "Headers", "URL", "URLSearchParams", "AbortController", "AbortSignal", "DOMException", "TextEncoder", "TextDecoder", "ReadableStream", "TransformStream", "Blob", "crypto", "atob", "btoa", "setTimeout", "clearTimeout", "performance", "Uint8Array", "Uint32Array", "Error", "TypeError"];
const world = vm.createContext(Object.fromEntries(SHARED.map((name) => [name, globalThis[name]])));
const modules = new Map();

function moduleAt(url) {
  if (!modules.has(url)) modules.set(url, new vm.SourceTextModule(readFileSync(fileURLToPath(url), "utf8"), { context: world, identifier: url }));
  return modules.get(url);
}
const entry = import.meta.resolve("@burnish/client");
const whole = moduleAt(entry);
await whole.link((specifier, from) => {
  assert.ok(specifier.startsWith("./") || specifier.startsWith("../"), `${specifier} is not part of the package`);
  return moduleAt(new URL(specifier, from.identifier).href);
});
await whole.evaluate();

const { Burnish } = whole.namespace;
const burnish = new Burnish({ baseUrl: process.env.BURNISH_BASE_URL, apiKey: process.env.BURNISH_API_KEY });
assert.throws(() => new Burnish(), /Give apiKey/);
const answer = await burnish.execute(process.env.SDK_PROMPT, { name: "Ada" });
assert.equal(answer.status, "success");
const pieces = burnish.stream(process.env.SDK_PROMPT, { name: "Ada" });
let text = "";
for await (const piece of pieces) text += piece;
assert.equal(text, pieces.result.output);
assert.equal((await burnish.prompt(process.env.SDK_PROMPT)).render({ name: "Ada" })[0].content, "Be kind. Greet Ada.");
console.log("done");
