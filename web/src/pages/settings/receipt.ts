/** The signed receipt of an erasure, as the page shows and checks it. */
import type { Schema } from "@/api/client";

export type Answer = Schema<"ReceiptAnswer">;
/** What the API calls an object only. */
export type Body = { stores?: Record<string, number>; removed_too?: string[]; emptied?: string[]; ages_out?: Record<string, string>; stays?: string[]; passes?: number; final?: boolean; next_pass_at?: string | null };

/** JSON with sorted keys and no blanks, which is what was signed. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)); // prettier-ignore
  return `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${canonical(one)}`).join(",")}}`;
}

/** Whether the signature is of this receipt; null where the browser cannot tell. */
export async function isSigned({ receipt, signature, public_key }: Answer): Promise<boolean | null> {
  try {
    const key = await crypto.subtle.importKey("raw", bytesOf(public_key), "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", key, bytesOf(signature), new TextEncoder().encode(canonical(receipt)));
  } catch {
    return null;
  }
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
}
