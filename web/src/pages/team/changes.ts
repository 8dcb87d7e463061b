export type FieldChange = { name: string; before: string | undefined; after: string | undefined };

function said(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** What an audit entry changed, field by field, in words. A field that stayed the same is left out; undefined: it was not there. */
export function changesOf(before: Record<string, unknown> | null, after: Record<string, unknown> | null): FieldChange[] {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  return names
    .map((name) => ({ name, before: before && name in before ? said(before[name]) : undefined, after: after && name in after ? said(after[name]) : undefined }))
    .filter((one) => one.before !== one.after);
}

type Named = { object_kind: string; object_id: string; before?: unknown; after?: unknown };

/** What an audit entry is about: its name where the entry holds one or an API key's is known, else its id. */
export function objectOf({ object_kind: kind, object_id: id, before, after }: Named, nameOf: (actor: string) => string): string {
  const words = kind.replaceAll("_", " ");
  const name = nameIn(after) ?? nameIn(before);
  if (name) return `${words} ${name}`;
  return kind === "api_key" ? nameOf(`api_key:${id}`) : `${words} ${id}`;
}

function nameIn(fields: unknown): string | null {
  const name = typeof fields === "object" && fields !== null && "name" in fields ? fields.name : null;
  return typeof name === "string" && name !== "" ? name : null;
}

/** Fields of an entry with the API key that a budget is for by its name. */
export function readable(fields: Record<string, unknown> | null, nameOf: (actor: string) => string): Record<string, unknown> | null {
  const target = fields?.["target_id"];
  return fields?.["target_kind"] === "api_key" && typeof target === "string" ? { ...fields, target_id: nameOf(`api_key:${target}`) } : fields;
}
