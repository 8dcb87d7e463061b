import type { Schema } from "@/api/client";

/** What a test that found no working key says. Where nobody was asked, such as a provider that only answers calls that cost, nothing is said of the key. */
export function untold(name: string, { http_status: status, latency_ms: took, error }: Schema<"KeyTestAnswer">): string {
  return `${name} ${wasTried({ http_status: status, latency_ms: took }) ? "does not work" : "was not tried"}. ${error ?? ""}`.trim();
}

function wasTried({ http_status: status, latency_ms: took }: Pick<Schema<"KeyTestAnswer">, "http_status" | "latency_ms">): boolean {
  return status !== null || took !== 0;
}

/** Whether somebody was asked, and did not take the key. */
export function wasRefused(told: Schema<"KeyTestAnswer">): boolean {
  return !told.works && wasTried(told);
}
