import { ArrowDown, ArrowUp, Plus, Trash2 } from "lucide-react";
import { Button, Checkbox, CodeEditor, Field, IconButton, Input, Menu, Select } from "@/kit";
import { ROLES } from "@/lib/template";
import type { Message } from "./content";

const MINE = ["system", "user", "assistant", "developer"] as const;

type MessagesProps = { messages: Message[]; onChange: (messages: Message[]) => void; variables: readonly string[]; readOnly: boolean; faultAt: string | null; onRun: () => void; onSave: () => void; /** Which text they are of, where it is not the version's own. */ of?: string };

/** The messages of a prompt, one editor each, in their order. */
export function Messages({ messages, onChange, variables, readOnly, faultAt, onRun, onSave, of = "" }: MessagesProps) {
  const named = (index: number) => `${index + 1}${of && ` ${of}`}`;
  const put = (index: number, changes: Partial<Message>) => onChange(messages.map((one, at) => (at === index ? { ...one, ...changes } : one)));
  const swap = (index: number, by: 1 | -1) => {
    const next = [...messages];
    const [one, other] = [next[index], next[index + by]];
    if (!one || !other) return;
    next[index] = other;
    next[index + by] = one;
    onChange(next);
  };
  const take = (role: string, index: number) => onChange(messages.map((one, at) => (at === index ? (role === "placeholder" ? { role, name: "history" } : { role, content: one.content ?? "" }) : one)));
  return (
    <ol aria-label={of ? `Messages ${of}` : "Messages"} className="flex flex-col gap-4">
      {messages.map((message, index) => (
        <li key={index} className="flex flex-col gap-1.5">
          <div className="flex h-8 items-center justify-between gap-2">
            <Select compact aria-label={`Role of message ${named(index)}`} value={message.role} disabled={readOnly} onChange={(role) => take(role, index)} options={ROLES.map((role) => ({ value: role, label: role }))} />
            {readOnly ? null : (
              <span className="flex items-center">
                {messages.length > 1 ? (
                  <>
                    <IconButton size="s" label={`Move message ${named(index)} up`} disabled={index === 0} onClick={() => swap(index, -1)} icon={<ArrowUp size={14} aria-hidden />} />
                    <IconButton size="s" label={`Move message ${named(index)} down`} disabled={index === messages.length - 1} onClick={() => swap(index, 1)} icon={<ArrowDown size={14} aria-hidden />} />
                    <IconButton size="s" label={`Take out message ${named(index)}`} onClick={() => onChange(messages.filter((_, at) => at !== index))} icon={<Trash2 size={14} aria-hidden />} />
                  </>
                ) : null}
              </span>
            )}
          </div>
          {message.role === "placeholder" ? (
            <div className="flex flex-wrap items-end gap-4 rounded-m border border-line bg-panel p-3">
              <Field label="Messages of the variable" className="w-56">
                <Input mono value={message.name ?? ""} readOnly={readOnly} onChange={(event) => put(index, { name: event.target.value })} />
              </Field>
              <Checkbox label="May be left out" checked={message.optional === true} disabled={readOnly} onChange={(event) => put(index, { optional: event.target.checked || undefined })} className="mb-1.5" />
            </div>
          ) : (
            <CodeEditor label={`Message ${named(index)}`} language="template" value={message.content ?? ""} onChange={(content) => put(index, { content })} variables={variables} readOnly={readOnly} minLines={3} maxLines={26} onSubmit={onRun} onSave={onSave} placeholder={index === 0 ? "What the model shall do. {{name}} is a variable." : undefined} />
          )}
          {faultAt?.startsWith(`messages[${index}]`) ? <span className="sr-only">This message has a mistake.</span> : null}
        </li>
      ))}
      {readOnly ? null : (
        <li>
          <Menu
            label="Add a message"
            align="start"
            trigger={
              <Button size="s" icon={<Plus size={14} aria-hidden />}>
                Add a message
              </Button>
            }
            items={[
              ...MINE.map((role) => ({ label: role, onSelect: () => onChange([...messages, { role, content: "" }]) })),
              "-" as const,
              { label: "placeholder", hint: "A list of messages, given when it runs", onSelect: () => onChange([...messages, { role: "placeholder", name: "history", optional: true }]) },
            ]}
          />
        </li>
      )}
    </ol>
  );
}
