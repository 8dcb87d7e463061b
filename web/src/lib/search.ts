/** How the address is read and written. Apart from `url-state`, which pages use: this much the router needs before the first of them is there. */

export type Search = Record<string, string | string[]>;

/** `?a=1&tag=x&tag=y` as it stands there: no value is ever read as JSON. */
export function parseSearch(search: string): Search {
  const found: Search = {};
  for (const [name, value] of new URLSearchParams(search)) {
    const known = found[name];
    found[name] = known === undefined ? value : Array.isArray(known) ? [...known, value] : [known, value];
  }
  return found;
}

export function stringifySearch(search: Record<string, unknown>): string {
  const written = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined && one !== null) written.append(name, String(one));
  }
  const found = written.toString();
  return found ? `?${found}` : "";
}
