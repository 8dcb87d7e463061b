/** What of a dataset its download holds. */

type Shown = { tab: string; version: number | null; split: string };

/** The version and the split whose items are shown; else all that the dataset holds now. `hint` says which, where it is not everything. */
export function fileOf({ tab, version, split }: Shown): { query: Record<string, string>; hint?: string } {
  if (tab !== "items") return { query: {} };
  const query = { ...(version === null ? {} : { version: String(version) }), ...(split === "all" ? {} : { split }) };
  const parts = [split === "all" ? "All items" : `The ${split} split`, ...(version === null ? [] : [`of version ${version}`])];
  return Object.keys(query).length === 0 ? { query } : { query, hint: `${parts.join(" ")}, as an upload reads it` };
}
