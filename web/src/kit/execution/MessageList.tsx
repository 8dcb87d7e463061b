import { Badge } from "@/kit/Badge";
import { CopyButton } from "@/kit/Copy";
import { JsonView, Prose } from "@/kit/Prose";
import { type ChatMessage, textOf } from "./types";

/** A conversation as it was sent: never read as HTML or Markdown, so that nothing in it can act. */
export function MessageList({ messages, label = "Messages" }: { messages: readonly ChatMessage[]; label?: string }) {
  return (
    <ol aria-label={label} className="flex flex-col overflow-hidden rounded-m border border-line bg-panel">
      {messages.map((message, index) => (
        <li key={index} className="border-b border-line last:border-b-0">
          <div className="flex h-8 items-center justify-between gap-2 pr-1 pl-3">
            <span className="flex items-center gap-2 text-12 font-medium text-muted">
              {message.role}
              {message.name ? <Badge mono>{message.name}</Badge> : null}
            </span>
            <CopyButton text={textOf(message)} label={`Copy the ${message.role} message`} />
          </div>
          <div className="px-3 pb-3">
            {textOf(message) ? <Prose text={textOf(message)} plain /> : message.tool_calls ? null : <p className="text-13 text-muted">Empty</p>}
            {message.tool_calls ? <JsonView label="Tool calls" value={message.tool_calls} className="mt-1" /> : null}
          </div>
        </li>
      ))}
    </ol>
  );
}
