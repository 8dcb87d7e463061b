import type { Schema } from "@/api/client";
import type { Choice } from "@/kit/Combobox";

export type Language = "curl" | "python" | "node";
export const LANGUAGES = [
  { value: "curl", label: "curl" },
  { value: "python", label: "Python" },
  { value: "node", label: "Node" },
] as const satisfies readonly Choice[];

type Call = { url: string; slug: string; variables: readonly Pick<Schema<"VariableAnswer">, "name" | "type" | "required">[]; hasLabel: boolean; version: number };

const EXAMPLES: Record<string, unknown> = { number: 1, boolean: true, object: {}, array: [] };

/** Values that the call needs, nested where a variable is a path. */
export function exampleValues(variables: Call["variables"]): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const { name, type, required } of variables) {
    if (!required) continue;
    const path = name.split(".");
    let at = values;
    for (const segment of path.slice(0, -1)) {
      const known = Object.hasOwn(at, segment) ? at[segment] : undefined;
      const next: Record<string, unknown> = typeof known === "object" && known !== null ? (known as Record<string, unknown>) : {};
      at[segment] = next;
      at = next;
    }
    at[path.at(-1) ?? name] = EXAMPLES[type ?? ""] ?? "…";
  }
  return values;
}

/** Lines that run the prompt. Version numbers appear only where no label says which one. */
export function snippet(language: Language, { url, slug, variables, hasLabel, version }: Call): string {
  const body = { prompt: slug, ...(hasLabel ? {} : { version }), variables: exampleValues(variables) };
  const json = JSON.stringify(body, null, 2);
  if (language === "curl") return `curl ${url}/v1/executions \\\n  -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \\\n  -d '${json.replaceAll("'", "'\\''")}'`;
  if (language === "python") {
    return `import os, httpx\n\nanswer = httpx.post(\n    "${url}/v1/executions",\n    headers={"Authorization": f"Bearer {os.environ['KEY']}"},\n    json=${python(body)},\n    timeout=60,\n)\nprint(answer.json()["output"])`;
  }
  return `const answer = await fetch("${url}/v1/executions", {\n  method: "POST",\n  headers: { Authorization: \`Bearer \${process.env.KEY}\`, "Content-Type": "application/json" },\n  body: JSON.stringify(${json.replaceAll("\n", "\n  ")}),\n});\nconsole.log((await answer.json()).output);`;
}

function python(value: unknown): string {
  if (value === true) return "True";
  if (Array.isArray(value)) return `[${value.map(python).join(", ")}]`;
  if (typeof value === "object" && value !== null) return `{${Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}: ${python(one)}`).join(", ")}}`; // prettier-ignore
  return JSON.stringify(value);
}
