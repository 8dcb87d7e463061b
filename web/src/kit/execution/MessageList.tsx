import { Badge } from "@/kit/Badge";
import { CopyButton } from "@/kit/Copy";
import { JsonView, Prose } from "@/kit/Prose";
import { FileList } from "./Attach";
import { type ChatMessage, filesOf, textOf, wordsOf } from "./types";

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
          <div className="flex flex-col gap-2 px-3 pb-3">
            {wordsOf(message) ? <Prose text={wordsOf(message)} plain /> : message.tool_calls || filesOf(message).length > 0 ? null : <p className="text-13 text-muted">Empty</p>}
            <FileList large label={`Files of the ${message.role} message`} files={filesOf(message)} />
            {message.tool_calls ? <JsonView label="Tool calls" value={message.tool_calls} className="mt-1" /> : null}
          </div>
        </li>
      ))}
    </ol>
  );
}
