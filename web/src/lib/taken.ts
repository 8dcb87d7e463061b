/** What a form of something new says of a name that is there already: sent, it would change that one without a word. */
export function taken(what: string, name: string, there: readonly string[]): string | undefined {
  const typed = name.trim();
  return there.includes(typed) ? `There is a ${what} ${typed}: edit it.` : undefined;
}
