/** From what somebody typed to what is sent for the variables of a prompt. Pure. */
import { type Json, type PromptTemplate, type Variable, typeOf } from "./template";

export type Values = { values: Record<string, Json>; missing: string[]; faults: Record<string, string> };

/** What goes to a prompt. Empty is not given: the default holds, or it is missing. */
export function valuesFor(template: PromptTemplate, texts: Readonly<Record<string, string>>): Values {
  const found: Values = { values: {}, missing: [], faults: {} };
  const take = (name: string, path: readonly string[], type: Variable["type"], needed: boolean) => {
    const text = Object.hasOwn(texts, name) ? (texts[name] ?? "") : "";
    if (text === "") {
      if (needed) found.missing.push(name);
      return;
    }
    const read = readValue(text, type);
    if ("fault" in read) found.faults[name] = read.fault;
    else put(found.values, path, read.value);
  };
  for (const variable of template.variables.values()) take(variable.name, variable.path, variable.type, variable.default === undefined);
  for (const name of template.placeholders) take(name, [name], "array", template.required.includes(name));
  return found;
}

export function readValue(text: string, type: Variable["type"]): { value: Json } | { fault: string } {
  if (type === null || type === "string") return { value: text };
  try {
    const value = JSON.parse(text) as Json;
    if (typeOf(value) === type) return { value };
  } catch {
    // Told below.
  }
  return { fault: type === "number" ? "A number, such as 3 or 0.5." : type === "boolean" ? "true or false." : type === "array" ? "A list as JSON: […]" : "An object as JSON: {…}" };
}

function put(values: Record<string, Json>, path: readonly string[], value: Json): void {
  if (path.includes("__proto__")) return;
  let at = values;
  path.forEach((segment, index) => {
    if (index === path.length - 1) at[segment] = value;
    else {
      const known = Object.hasOwn(at, segment) ? at[segment] : undefined;
      const next = typeof known === "object" && known !== null && !Array.isArray(known) ? known : {};
      at[segment] = next;
      at = next;
    }
  });
}
