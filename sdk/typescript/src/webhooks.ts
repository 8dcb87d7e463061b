/** Checking that a webhook came from Burnish: the Standard Webhooks scheme, by HMAC-SHA256 or by a public key (ed25519), with the
 * runtime's own cryptography.
 *
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
import { InvalidWebhook } from "./errors.js";

/** How far the time of a message may be from ours, either way. */
const TOLERANCE_S = 300;

export type WebhookHeaders = Headers | Record<string, string | readonly string[] | undefined>;
export type WebhookEvent = { type: string; timestamp: string; data: Record<string, unknown>; [more: string]: unknown };

/** The event, once its signature and its time are right. `body`: exactly as received, before any parsing.
 *
 * `secret`: `whsec_…`, or the `public_key` of an endpoint that has `ed25519`, `whpk_…`, with which nobody can sign. While a secret is rotated
 * the message carries two signatures of each kind, and either will do. The same event may come more than once: keep `webhook-id` and ignore
 * what you know. Throws InvalidWebhook, TypeError for a secret that is none.
 */
export async function verifyWebhook(body: string | Uint8Array, headers: WebhookHeaders, secret: string, options: { nowS?: number; toleranceS?: number } = {}): Promise<WebhookEvent> {
  const [id, at, signatures] = ["id", "timestamp", "signature"].map((name) => headerOf(headers, `webhook-${name}`));
  if (!id || !at || !signatures) throw new InvalidWebhook("The headers webhook-id, webhook-timestamp and webhook-signature are needed.");
  const nowS = options.nowS ?? Date.now() / 1_000;
  if (!/^\d{1,15}$/.test(at) || Math.abs(nowS - Number(at)) > (options.toleranceS ?? TOLERANCE_S)) throw new InvalidWebhook("The time of the message is too far from ours.");
  const verifier = await (secret.startsWith("whpk_") ? ofPublicKey(secret) : ofSecret(secret));
  const encoder = new TextEncoder();
  const raw = typeof body === "string" ? encoder.encode(body) : body;
  const signed = joined(encoder.encode(`${id}.${at}.`), raw);
  const fits = await Promise.all(signatures.split(" ").map((one) => isSignature(one, verifier, signed)));
  if (!fits.includes(true)) throw new InvalidWebhook("No signature of the message fits this secret.");
  const event: unknown = JSON.parse(new TextDecoder().decode(raw));
  if (typeof event !== "object" || event === null || Array.isArray(event)) throw new InvalidWebhook("The body is no event.");
  return event as WebhookEvent;
}

function headerOf(headers: WebhookHeaders, name: string): string | undefined {
  if (isHeaders(headers)) return headers.get(name) ?? undefined;
  const given = Object.entries(headers).find(([one]) => one.toLowerCase() === name)?.[1];
  return typeof given === "string" || given === undefined ? given : given.join(" ");
}

/** Also those of another library, or of another world within the process. */
function isHeaders(headers: WebhookHeaders): headers is Headers {
  return typeof headers.get === "function";
}

/** What a kind of signature is checked with. `scheme`: what stands before it in the header. */
type Verifier = { scheme: "v1" | "v1a"; algorithm: "HMAC" | "Ed25519"; key: CryptoKey };

async function ofSecret(secret: string): Promise<Verifier> {
  const bytes = bytesOf(secret.replace(/^whsec_/, ""));
  if (bytes === null || bytes.length === 0) throw new TypeError("A secret of a webhook endpoint looks like whsec_…");
  return { scheme: "v1", algorithm: "HMAC", key: await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]) };
}

async function ofPublicKey(text: string): Promise<Verifier> {
  const bytes = bytesOf(text.replace(/^whpk_/, ""));
  if (bytes?.length !== 32) throw new TypeError("A public key of a webhook endpoint looks like whpk_…");
  return { scheme: "v1a", algorithm: "Ed25519", key: await crypto.subtle.importKey("raw", bytes, "Ed25519", false, ["verify"]) };
}

async function isSignature(given: string, verifier: Verifier, signed: Uint8Array<ArrayBuffer>): Promise<boolean> {
  const [scheme, encoded] = given.split(",");
  const signature = scheme === verifier.scheme && encoded ? bytesOf(encoded) : null;
  return signature !== null && crypto.subtle.verify(verifier.algorithm, verifier.key, signature, signed);
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
  } catch {
    return null;
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}
