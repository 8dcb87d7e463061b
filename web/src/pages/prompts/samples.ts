/** Sample values of variables: typed by hand, kept until the tab is closed for whoever typed them, turned into what the variables want. */
import { useCallback, useState } from "react";
import { samplesKey } from "@/api/unsaved";
import { type Json, type PromptTemplate, type Variable, hasType, typeOf } from "@/lib/template";
import { NO_PICTURE } from "@/lib/values";

export type Samples = Record<string, string>;

export function useSamples(user: string, workspace: string, slug: string): [Samples, (name: string, text: string) => void] {
  const place = samplesKey(user, workspace, slug);
  const [samples, setSamples] = useState<Samples>(() => readStored(place));
  const set = useCallback(
    (name: string, text: string) =>
      setSamples((before) => {
        const next = { ...before, [name]: text };
        try {
          sessionStorage.setItem(place, JSON.stringify(next));
        } catch {
          // Storage is full or switched off: they hold until the page is closed.
        }
        return next;
      }),
    [place],
  );
  return [samples, set];
}

function readStored(place: string): Samples {
  try {
    const found: unknown = JSON.parse(sessionStorage.getItem(place) ?? "{}");
    return typeof found === "object" && found !== null ? (Object.fromEntries(Object.entries(found).filter(([, text]) => typeof text === "string")) as Samples) : {};
  } catch {
    return {};
  }
}

export type Values = { values: Record<string, Json>; faults: Record<string, string>; missing: string[] };

/** Values for `render` and the API. Text of a variable without a type stays text; what is empty is left to the default. */
export function valuesOf(template: PromptTemplate, samples: Samples): Values {
  const found: Values = { values: {}, faults: {}, missing: [] };
  for (const variable of template.variables.values()) {
    const text = samples[variable.name] ?? "";
    if (text === "") {
      if (variable.default === undefined) found.missing.push(variable.name);
      continue;
    }
    const read = readValue(text, variable.type);
    if ("fault" in read) found.faults[variable.name] = read.fault;
    else put(found.values, variable, read.value);
  }
  for (const name of template.placeholders) {
    const text = samples[name] ?? "";
    if (text === "") {
      if (template.required.includes(name)) found.missing.push(name);
      continue;
    }
    const read = readValue(text, "array");
    if ("fault" in read) found.faults[name] = read.fault;
    else found.values[name] = read.value;
  }
  return found;
}

export function readValue(text: string, type: Variable["type"]): { value: Json } | { fault: string } {
  if (type === null || type === "string") return { value: text };
  if (type === "image_url") return hasType(text, type) ? { value: text } : { fault: NO_PICTURE };
  try {
    const value = JSON.parse(text) as Json;
    return typeOf(value) === type ? { value } : { fault: `This is ${typeOf(value)}, not ${type}.` };
  } catch {
    return { fault: type === "number" ? "A number, such as 3 or 0.5." : type === "boolean" ? "true or false." : `JSON: ${type === "array" ? "[…]" : "{…}"}` };
  }
}

function put(values: Record<string, Json>, { path }: Variable, value: Json): void {
  if (path.includes("__proto__")) return;
  let at: Record<string, Json> = values;
  for (const [index, segment] of path.entries()) {
    if (index === path.length - 1) at[segment] = value;
    else {
      const known = Object.hasOwn(at, segment) ? at[segment] : undefined;
      const next = typeof known === "object" && known !== null && !Array.isArray(known) ? known : {};
      at[segment] = next;
      at = next;
    }
  }
}
