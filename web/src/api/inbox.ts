/** What is asked for the count alone. */
export const UNREAD = { query: { unread: true, limit: 1 } } as const;

/** The gateway counts no further. */
const COUNTED_MOST = 100;

/** How many are unread, as it is shown: "99+" where there may be more. */
export function countWord(unread: number): string {
  return unread >= COUNTED_MOST ? `${COUNTED_MOST - 1}+` : String(unread);
}
