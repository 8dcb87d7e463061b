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
