import type { Schema } from "@/api/client";

/** What a test that found no working key says. Where nobody was asked, such as a provider that only answers calls that cost, nothing is said of the key. */
export function untold(name: string, { http_status: status, latency_ms: took, error }: Schema<"KeyTestAnswer">): string {
  return `${name} ${status === null && took === 0 ? "was not tried" : "does not work"}. ${error ?? ""}`.trim();
}
