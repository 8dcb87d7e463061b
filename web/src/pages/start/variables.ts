import { type Json, type Parameter, type PromptTemplate, parseMessages } from "@/lib/template";

const DEMO_VARIABLE = "ticket";
const DEMO_TICKET = "I was charged twice for my subscription this month";

export type Given = { name: string; /** Written where nothing is typed; undefined: it has to be given. */ default?: Json; isOptional: boolean };

/** A version's template; null where it cannot be read. */
export function templateOf(version: { messages?: unknown; parameters?: unknown } | undefined): PromptTemplate | null {
  try {
    return parseMessages(version?.messages as never, (version?.parameters ?? {}) as Record<string, Parameter>);
  } catch {
    return null;
  }
}

/** What can be typed for it, in order: each variable by its path, then each list of messages. */
export function fieldsOf(template: PromptTemplate | null): Given[] {
  if (!template) return [];
  const variables = Array.from(template.variables.values(), (one) => ({ name: one.name, isOptional: one.default !== undefined, ...(one.default === undefined ? {} : { default: one.default }) }));
  return [...variables, ...template.placeholders.map((name) => ({ name, isOptional: !template.required.includes(name) }))];
}

/** What the fields begin with: the demo's prompt gets its ticket, any other nothing. */
export function samplesOf(fields: readonly Given[]): Record<string, string> {
  return Object.fromEntries(fields.map(({ name }) => [name, name === DEMO_VARIABLE ? DEMO_TICKET : ""]));
}

/** Names of the variables of a version's messages, in order, each once. Empty where they cannot be read. */
export function variablesOf(messages: unknown): string[] {
  return [...new Set(Array.from(templateOf({ messages })?.variables.values() ?? [], (one) => one.path[0] ?? one.name))];
}
