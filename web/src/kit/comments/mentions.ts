/** Who a comment mentions. Pure. */

export type Member = { user_id: string; email?: string | null; name?: string | null; is_disabled?: boolean };

// As the gateway reads them (registry/comment.py).
const MENTION = /(?<![\p{L}\p{N}_@])@([^\s@<>()[\],;:"']{1,64}@[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?)/giu;

/** E-mail addresses behind an @, each once. */
export function addressesIn(text: string): string[] {
  return [...new Set([...text.matchAll(MENTION)].map(([, address]) => (address ?? "").replace(/\.+$/, "").toLowerCase()))];
}

/** Of the addresses, those that belong to no member: nobody would be told. */
export function strangersAmong(addresses: readonly string[], members: readonly Member[]): string[] {
  const known = new Set(members.map((one) => one.email?.toLowerCase()));
  return addresses.filter((address) => !known.has(address));
}

/** Of those whom a comment mentions, who is not named in its text: they were chosen, and stay chosen when the text changes. */
export function chosenBeside(text: string, mentioned: readonly { user_id: string; name?: string | null }[], members: readonly Member[]): string[] {
  const named = new Set(addressesIn(text));
  // Who is no member any more has no name, and cannot be mentioned again.
  return mentioned.filter((one) => one.name !== null && !named.has(members.find((member) => member.user_id === one.user_id)?.email?.toLowerCase() ?? "")).map((one) => one.user_id); // prettier-ignore
}

// What may become one, up to the caret; a bare @ too.
const TYPING = /(?<![\p{L}\p{N}_@])@([^\s@<>()[\],;:"']{0,64}(?:@[a-z0-9.-]{0,250})?)$/iu;

/** The mention that is being typed at the caret: where its @ stands, and what stands behind it; null: none is. */
export function typedAt(text: string, caret: number): { start: number; words: string } | null {
  const found = TYPING.exec(text.slice(0, caret));
  return found ? { start: found.index, words: found[1] ?? "" } : null;
}

/** The text with `words` in the place of the mention that is typed, a space behind them, and where the caret stands then. */
export function withMention(text: string, start: number, caret: number, words: string): { text: string; caret: number } {
  const rest = text.slice(caret);
  const put = /^[\s.,;:!?)]/u.test(rest) ? words : `${words} `;
  return { text: text.slice(0, start) + put + rest, caret: start + put.length };
}
