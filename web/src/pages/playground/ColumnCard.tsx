import { CirclePlay, Paperclip, Plus, RotateCw, Square, Trash2, X } from "lucide-react";
import { useMemo, useState } from "react";
import { usePromptChoices } from "@/api/choices";
import { useRead } from "@/api/hooks";
import { keepUsualModel, useModels } from "@/api/models";
import { needs, useMay } from "@/api/session";
import { Button, ButtonLink, CodeEditor, Combobox, Field, FormError, IconButton, Input, Notice, Segments, Select, TextLink } from "@/kit";
import { Attach } from "@/kit/execution/Attach";
import { MessageList } from "@/kit/execution/MessageList";
import type { ChatMessage } from "@/kit/execution/types";
import { type Attached, IN_MESSAGES_MOST } from "@/lib/attached";
import { classes } from "@/lib/classes";
import { firstPress } from "@/lib/first-press";
import { useKeys } from "@/lib/use-keys";
import { takesFiles } from "@/lib/values";
import { Answer } from "./Answer";
import { type Asking, isAsked } from "./ask";
import type { Run } from "./runs";
import { type Column, type Message, ROLES } from "./state";
import type { Facts } from "./useColumn";
import type { Changes } from "./usePlayground";

type Props = {
  name: string;
  alone: boolean;
  column: Column;
  facts: Facts;
  asking: Asking;
  run: Run | null;
  variables: readonly string[];
  fallbackModel: string;
  onChange: (changes: Changes) => void;
  onRun: () => void;
  onStop: () => void;
  onResume: () => void;
  onRemove: () => void;
};

const KINDS = [
  { value: "prompt", label: "Prompt" },
  { value: "messages", label: "Messages" },
] as const;

export function ColumnCard(props: Props) {
  const { name, alone, column, facts, asking, run, onChange, onRun, onStop, onRemove } = props;
  const may = useMay();
  const isRunning = run?.phase === "running";
  const isOfNow = useMemo(() => facts.isLoading || !run || run.phase === "running" || isAsked(run.request, asking), [asking, run, facts.isLoading]);
  const why = !may.run ? needs("editor") : "why" in asking ? asking.why : undefined;
  return (
    <section aria-label={alone ? "Column" : `Column ${name}`} className={classes("flex min-w-0 flex-col overflow-hidden rounded-l border border-line bg-panel", alone && "md:grid md:grid-cols-2")}>
      <div className="flex flex-col gap-3 p-3">
        <div className="flex flex-wrap items-center justify-between gap-2">
          <span className="flex items-center gap-2">
            {alone ? null : <span aria-hidden className="grid size-6 place-items-center rounded-s bg-sunken text-12 font-semibold">{name}</span>}
            <Segments label="What is run" options={KINDS} value={column.kind} onChange={(kind) => onChange({ kind, model: kind === "messages" ? column.model || facts.model || "" : "" })} />
          </span>
          <span className="ml-auto flex items-center gap-1">
            {alone ? null : isRunning ? (
              <Button size="s" icon={<Square size={10} aria-hidden className="fill-current" />} onClick={firstPress(onStop)} aria-label={`Stop ${name}`}>
                Stop
              </Button>
            ) : (
              <Button size="s" icon={<CirclePlay size={12} aria-hidden />} onClick={onRun} disabled={why !== undefined} why={why} aria-label={`Run ${name}`}>
                Run
              </Button>
            )}
            {alone ? null : <IconButton size="s" label={`Take out column ${name}`} icon={<X size={14} aria-hidden />} onClick={onRemove} />}
          </span>
        </div>
        {column.kind === "prompt" ? <OfPrompt {...props} /> : <OwnMessages {...props} />}
        <Settings {...props} />
        {facts.error ? <FormError error={facts.error} /> : null}
        {facts.again ? (
          <Button size="s" className="self-start" icon={<RotateCw size={12} aria-hidden />} onClick={facts.again}>
            Try again
          </Button>
        ) : null}
      </div>
      <Answer run={run} isEarlier={!isOfNow} name={name} alone={alone} model={column.model || facts.model || props.fallbackModel} again={{ run: onRun, why }} onResume={props.onResume} />
    </section>
  );
}

function OfPrompt({ column, facts, onChange }: Props) {
  const may = useMay();
  const prompts = usePromptChoices();
  const versions = useRead("/v1/prompts/{slug}/versions", { path: { slug: column.prompt }, query: { limit: 100 } }, { enabled: column.prompt !== "" });
  const numbers = versions.isPlaceholderData ? [] : (versions.data?.data ?? []).map((one) => one.version);
  const labels = Object.entries(facts.labels);
  const options = [
    ...labels.map(([label, version]) => ({ value: `label:${label}`, label: `${label} (v${version})` })),
    ...numbers.map((version) => ({ value: `version:${version}`, label: `v${version}` })),
  ];
  const live = facts.labels.production ?? facts.latest;
  const any = useRead("/v1/prompts", { query: { limit: 1 } }, { enabled: column.prompt === "" });
  if (column.prompt === "" && any.data?.data.length === 0) {
    return (
      <Notice title="There is no prompt yet." action={<ButtonLink size="s" to="/prompts" search={{ new: "1" }} off={!may.editPrompts && needs("editor")}>New prompt</ButtonLink>}>
        {may.editPrompts ? "Make one, or write messages here." : "Under Messages you can ask a model all the same."}
      </Notice>
    );
  }
  const chosen = column.at && !options.some((one) => one.value === column.at) ? [{ value: column.at, label: column.at.replace(/^label:/, "").replace(/^version:/, "v") }] : [];
  return (
    <div className="flex flex-col gap-2">
      <div className="flex flex-wrap gap-2">
        <Combobox label="Prompt" value={column.prompt || null} placeholder="Choose a prompt" {...prompts} onChange={(prompt) => onChange({ prompt: prompt ?? "", at: "" })} className="min-w-40 flex-1" />
        {column.prompt ? <Select compact aria-label="Version" empty={live ? `live (v${live})` : "live"} value={column.at} onChange={(at) => onChange({ at })} options={[...chosen, ...options]} className="max-w-48" /> : null}
      </div>
      {facts.messages.length > 0 ? <WhatItSays key={column.prompt} prompt={column.prompt} messages={facts.messages} version={facts.version} takes={facts.template === null || takesFiles(facts.template)} /> : null}
    </div>
  );
}

function WhatItSays({ prompt, messages, version, takes }: { prompt: string; messages: Facts["messages"]; version: number | null; /** Whether files can be given to it. */ takes: boolean }) {
  const [open, setOpen] = useState(false);
  const shown = messages.map((one) => (one.role === "placeholder" ? { role: "placeholder", content: `messages of ${one.name ?? ""}` } : (one as ChatMessage)));
  return (
    <>
      <span className="flex flex-wrap items-center gap-x-3 text-12">
        <button type="button" aria-expanded={open} onClick={() => setOpen(!open)} className="text-muted hover:text-fg">
          {open ? "Hide its text" : "Show its text"}
        </button>
        <TextLink to={`/prompts/${prompt}`}>{version === null ? "Open the prompt" : `Open v${version}`}</TextLink>
        {takes ? null : (
          <Button size="s" variant="ghost" icon={<Paperclip size={12} aria-hidden />} disabled why="This prompt takes no file: give it a variable of the type image_url, or a placeholder for messages. Under Messages any file can be attached.">
            Attach a file
          </Button>
        )}
      </span>
      {open ? (
        <div className="max-h-80 overflow-y-auto">
          <MessageList label="Text of the prompt" messages={shown} />
        </div>
      ) : null}
    </>
  );
}

function OwnMessages({ column, variables, onChange, onRun, facts }: Props) {
  const put = (index: number, changes: Partial<Message>) => onChange({ messages: column.messages.map((one, at) => (at === index ? { ...one, ...changes } : one)) });
  // A file is read meanwhile: what was typed by then stays.
  const attach = (index: number, change: (before: readonly Attached[]) => readonly Attached[]) => onChange(({ messages }) => ({ messages: messages.map((one, at) => (at === index ? { ...one, files: change(one.files ?? []) } : one)) }));
  const { keys, without } = useKeys(column.messages.length);
  const takeOut = (index: number) => {
    without(index);
    onChange(({ messages }) => ({ messages: messages.filter((_, at) => at !== index) }));
  };
  return (
    <ol aria-label="Messages" className="flex flex-col gap-2">
      {column.messages.map((message, index) => (
        <li key={keys[index]} className="flex flex-col gap-1">
          <span className="flex items-center justify-between gap-2">
            <Select compact aria-label={`Role of message ${index + 1}`} value={message.role} onChange={(role: string) => put(index, { role })} options={(ROLES as readonly string[]).includes(message.role) ? ROLES.map((one) => ({ value: one as string, label: one })) : [...ROLES, message.role].map((one) => ({ value: one, label: one }))} />
            {column.messages.length > 1 ? <IconButton size="s" label={`Take out message ${index + 1}`} icon={<Trash2 size={14} aria-hidden />} onClick={() => takeOut(index)} /> : null}
          </span>
          <Attach of={`message ${index + 1}`} files={message.files ?? []} onChange={(change) => attach(index, change)} most={IN_MESSAGES_MOST} closed={message.role !== "user" && message.role !== "tool"}>
            <CodeEditor label={`Message ${index + 1}`} language="template" variables={variables} value={message.content} onChange={(content) => put(index, { content })} minLines={3} maxLines={16} onSubmit={onRun} placeholder={index === 0 ? "{{name}} is a variable." : undefined} />
          </Attach>
          {message.rest ? (
            <span className="flex items-center justify-between gap-2 text-12 text-muted">
              <span className="wrap-anywhere">Goes with it as it was sent: {Object.keys(message.rest).join(", ")}</span>
              <IconButton size="s" label={`Take out what goes with message ${index + 1}`} icon={<X size={14} aria-hidden />} onClick={() => put(index, { rest: undefined })} />
            </span>
          ) : null}
        </li>
      ))}
      <li className="flex items-center gap-3">
        <Button size="s" icon={<Plus size={12} aria-hidden />} onClick={() => onChange({ messages: [...column.messages, { role: column.messages.at(-1)?.role === "user" ? "assistant" : "user", content: "" }] })}>
          Add a message
        </Button>
        {facts.fault && column.messages.some((one) => one.content.trim()) ? <span className="text-12 text-bad">{facts.fault}</span> : null}
      </li>
    </ol>
  );
}

function Settings({ column, facts, fallbackModel, onChange }: Props) {
  const { choices } = useModels();
  const own = column.kind === "prompt" ? (facts.model ? `${facts.model} (its own)` : "Its own model") : undefined;
  return (
    <div className="flex flex-wrap items-end gap-2">
      <div className="flex min-w-52 flex-2 flex-col gap-1">
        <span className="text-12 text-muted">Model</span>
        <Combobox label="Model" value={column.kind === "messages" ? column.model || fallbackModel || null : column.model || null} clear={own} placeholder="Choose a model" choices={choices} onChange={(model) => (keepUsualModel(model), onChange({ model: model ?? "" }))} className="w-full" />
      </div>
      <div className="flex min-w-44 flex-1 gap-2">
      <Field label={<span className="text-12 font-normal text-muted">Temperature</span>} className="flex-1">
        <Input type="number" min={0} max={2} step="any" placeholder="as set" value={column.temperature} onChange={(event) => onChange({ temperature: event.target.value })} />
      </Field>
      <Field label={<span className="text-12 font-normal text-muted">Max tokens</span>} className="flex-1">
        <Input type="number" min={1} step={1} placeholder="as set" value={column.maxTokens} onChange={(event) => onChange({ maxTokens: event.target.value })} />
      </Field>
      </div>
    </div>
  );
}
