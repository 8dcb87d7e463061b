/** Who gets an answer that was given before, by the mode of the workspace: as a choice, and as the page says it. Pure. */
import type { Schema } from "@/api/client";
import { duration } from "@/lib/format";

export const MODES = [
  { value: "asked", label: "Where a version or a call asks for it", said: "In this workspace an answer is given again where a version or a call asks for it." },
  { value: "deterministic", label: "For all calls at temperature 0", said: "In this workspace an answer is given again to every call at temperature 0." },
  { value: "always", label: "For all calls, at any temperature", said: "In this workspace an answer is given again to every call, at any temperature." },
  { value: "off", label: "Never, whoever asks", said: "In this workspace no answer is given again, whoever asks, and no new one is kept." },
] as const;
export type Mode = (typeof MODES)[number]["value"];

/** The same in whole sentences, with how long an answer is kept where any is. */
export function whoGets({ mode, ttl_s: seconds }: Pick<Schema<"CacheAnswer">, "mode" | "ttl_s">): string {
  const said = MODES.find((one) => one.value === mode)?.said ?? `The mode of this workspace is ${mode}.`;
  return mode === "off" ? said : `${said} It is kept for ${duration(seconds * 1_000)}.`;
}
