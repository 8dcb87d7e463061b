/** The variables that the columns share. Pure. */
import type { Json, PromptTemplate, Variable } from "@/lib/template";

export type Shared = { name: string; type: Variable["type"]; default?: Json; /** A list of messages, for a placeholder. */ isMessages: boolean; /** Columns that use it. */ columns: number[] };

/** Every variable once, in the order of the columns. A type that one column asks for holds for all. */
export function sharedVariables(templates: readonly (PromptTemplate | null)[]): Shared[] {
  const found = new Map<string, Shared>();
  templates.forEach((template, column) => {
    for (const variable of template?.variables.values() ?? []) {
      const known = found.get(variable.name);
      if (known) {
        known.columns.push(column);
        known.type ??= variable.type;
        if (variable.default === undefined) delete known.default;
      } else found.set(variable.name, { name: variable.name, type: variable.type, isMessages: false, columns: [column], ...(variable.default === undefined ? {} : { default: variable.default }) });
    }
    for (const name of template?.placeholders ?? []) {
      const known = found.get(name);
      if (known) known.columns.push(column);
      else found.set(name, { name, type: "array", isMessages: true, columns: [column] });
    }
  });
  return [...found.values()];
}
