import { parseMessages } from "@/lib/template";

/** Names of the variables of a version's messages, in order, each once. Empty where they cannot be read. */
export function variablesOf(messages: unknown): string[] {
  try {
    return [...new Set(Array.from(parseMessages(messages as never).variables.values(), (one) => one.path[0] ?? one.name))];
  } catch {
    return [];
  }
}
