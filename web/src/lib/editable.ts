/** Which text of a prompt searches change, as `burnish_shared/editable.py` says it. Pure. */
type Message = { role: string; content?: unknown };

/** Its first system message, else the first message with a text; null where none has one. */
export function editableText(messages: readonly Message[] | undefined): string | null {
  const written = (messages ?? []).filter((one): one is Message & { content: string } => typeof one.content === "string");
  return (written.find((one) => one.role === "system" || one.role === "developer") ?? written[0])?.content ?? null;
}
