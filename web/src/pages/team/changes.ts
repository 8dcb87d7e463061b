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

const ACTORS: Record<string, string> = { api_key: "API key", user: "person", session: "person", service: "service" };

/** Who did it, short: the kind and the end of the id. The whole stands in the title. */
export function actorOf(actor: string): string {
  const [kind = "", id] = actor.split(":");
  return id ? `${ACTORS[kind] ?? kind} …${id.slice(-6)}` : actor;
}
