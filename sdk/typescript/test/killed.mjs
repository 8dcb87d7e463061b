// A gateway that is killed in the middle of a stream: the test says "killed" and "back" on standard input.
import assert from "node:assert/strict";
import { createInterface } from "node:readline";
import { Burnish, StreamBroke } from "@burnish/client";

const told = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const burnish = new Burnish({ promptFreshS: 0 });
const GIVEN = { name: "Ada", formal: true };
const before = await burnish.prompt(process.env.SDK_PROMPT);
const pieces = burnish.stream({ messages: [{ role: "user", content: "Write 300 words." }], model: process.env.SDK_SLOW });
let number = 0;
try {
  for await (const _ of pieces) {
    if (++number !== 2) continue;
    console.log("streaming");
    assert.equal((await told.next()).value, "killed");
  }
  assert.fail("the stream should have broken off");
} catch (error) {
  assert.ok(error instanceof StreamBroke, String(error));
  assert.ok(error.text && error.executionId === pieces.executionId);
}
const served = await burnish.prompt(process.env.SDK_PROMPT);
assert.deepEqual(served.render(GIVEN), before.render(GIVEN));
console.log("served");
assert.equal((await told.next()).value, "back");
assert.equal((await burnish.execute(process.env.SDK_PROMPT, GIVEN)).status, "success");
console.log("done");
process.exit(0);
