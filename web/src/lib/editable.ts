/** Which text of a prompt searches change, as `burnish_shared/editable.py` says it. Pure. */
type Message = { role: string; content?: unknown };

/** Its first system message, else the first message with a text; null where none has one. */
export function editableText(messages: readonly Message[] | undefined): string | null {
  const at = editableIndex(messages);
  return at === null ? null : ((messages?.[at]?.content as string | undefined) ?? null);
}

/** Where that message stands. */
export function editableIndex(messages: readonly Message[] | undefined): number | null {
  const written = (messages ?? []).flatMap((one, at) => (typeof one.content === "string" ? [{ at, role: one.role }] : []));
  return (written.find((one) => one.role === "system" || one.role === "developer") ?? written[0])?.at ?? null;
}
