import { expect, it } from "vitest";
import { canonical, isSigned } from "./receipt";

const RECEIPT = { version: 1, subject: { hmac_sha256: "ab" }, stays: ["amounts", "ü"], final: true, next_pass_at: null, stores: { b: 2, a: 1 } };

async function signed() {
  const pair = (await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"])) as CryptoKeyPair;
  const base64 = (bytes: ArrayBuffer) => btoa(String.fromCharCode(...new Uint8Array(bytes)));
  const signature = await crypto.subtle.sign("Ed25519", pair.privateKey, new TextEncoder().encode(canonical(RECEIPT)));
  return { receipt: RECEIPT, algorithm: "Ed25519", signature: base64(signature), public_key: base64(await crypto.subtle.exportKey("raw", pair.publicKey)) };
}

it("writes what was signed as the gateway does: sorted keys, no blanks", () => {
  expect(canonical(RECEIPT)).toBe('{"final":true,"next_pass_at":null,"stays":["amounts","ü"],"stores":{"a":1,"b":2},"subject":{"hmac_sha256":"ab"},"version":1}');
});

it("knows a receipt that was changed afterwards", async () => {
  const answer = await signed();
  expect(await isSigned(answer)).toBe(true);
  expect(await isSigned({ ...answer, receipt: { ...RECEIPT, stores: { b: 2, a: 0 } } })).toBe(false);
  expect(await isSigned({ ...answer, public_key: "no key" })).toBeNull();
});
