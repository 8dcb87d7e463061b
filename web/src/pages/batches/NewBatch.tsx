import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { useDatasets, usePromptChoices } from "@/api/choices";
import { useForecast } from "@/api/forecast";
import { ApiError } from "@/api/errors";
import { read, useChange, usePages, useRead } from "@/api/hooks";
import { readLines } from "@/api/lines";
import { useModels } from "@/api/models";
import { Button, Checkbox, Combobox, Facts, Field, FieldFault, FormDialog, Input, Money, Notice, Segments, Select, Several, errorFor, toast } from "@/kit";
import { bytes, count } from "@/lib/format";
import { parseMessages } from "@/lib/template";
import { UploadButton, uploadLines } from "./UploadButton";
import { type Draft, type LineKind, bodyOf, kindAt, linesOfItems, missingIn, rowsLeftOut, suggestedName, versionsOf } from "./model";

type Problem = { line: number; custom_id?: string | null; message: string };
const SOURCES = [
  { value: "file", label: "A file" },
  { value: "dataset", label: "Rows of a dataset" },
] as const;
const SPLITS = [
  { value: "", label: "all rows" },
  { value: "train", label: "train" },
  { value: "validation", label: "validation" },
  { value: "test", label: "test" },
] as const;
const KINDS: readonly { value: LineKind; label: string }[] = [
  { value: "inputs", label: "inputs: variables or messages" },
  { value: "requests", label: "whole requests" },
  { value: "chat", label: "whole chat completions of OpenAI" },
  { value: "responses", label: "whole responses of OpenAI" },
  { value: "embeddings", label: "whole embeddings of OpenAI" },
  { value: "messages", label: "whole messages of Anthropic" },
];
const ROWS_AT_ONCE = 200;
const ROWS_MOST = 10_000;
const PROBLEMS_SHOWN = 5;

/** A file or a dataset through a prompt, with what it may cost before it begins. */
export function NewBatch({ file, dataset: givenDataset, prompt, onClose }: { file: string; dataset: string; prompt: string; onClose: () => void }) {
  const [draft, setDraft] = useState<Draft>({ file, kind: "inputs", prompt, versions: "", models: [], name: "", ceiling: "", day: false, paused: false });
  const set = (changed: Partial<Draft>) => setDraft((before) => ({ ...before, ...changed }));
  const [source, setSource] = useState<"file" | "dataset">(givenDataset ? "dataset" : "file");
  const [dataset, setDataset] = useState(givenDataset);
  const [suggested, setSuggested] = useState("");
  const suggest = (name: string) => {
    setDraft((before) => ({ ...before, name: suggestedName(before.name, suggested, name) }));
    setSuggested(name);
  };
  const prompts = usePromptChoices(draft.prompt);
  const navigate = useNavigate();
  const start = useChange("post", "/v1/batches", { invalidates: ["/v1/batches", "/v1/credits"] });
  const body = bodyOf(draft);
  const forecast = useForecast("/v1/batches/estimate", body);
  const plan = forecast.isStale ? undefined : forecast.data;
  const error = start.error ?? forecast.error;
  const problems: readonly Problem[] = plan?.errors ?? (error instanceof ApiError && Array.isArray(error.details["problems"]) ? (error.details["problems"] as Problem[]) : []);
  const ceiling = Number(draft.ceiling);
  const submit = () =>
    body &&
    start.mutate(
      { body: body as never },
      {
        onSuccess: (made) => {
          toast(draft.paused ? "The batch is ready, and waits for you to begin it" : "The batch has started");
          void navigate({ to: `/batches/${made.id}`, replace: true });
        },
      },
    );
  return (
    <FormDialog wide open onOpenChange={(open) => (open ? undefined : onClose())} title="New batch" description="Each line becomes a run of its own; the answers come back in the order of the input." submit={draft.paused ? "Make it ready" : "Start the batch"} onSubmit={submit} busy={start.isPending} error={error} disabled={!plan || plan.invalid === plan.total}>
      <div className="grid gap-x-6 gap-y-4 md:grid-cols-[minmax(0,1fr)_17rem]">
        <div className="flex min-w-0 flex-col gap-4">
          <div>
            <Segments label="What goes in" options={SOURCES} value={source} onChange={(next) => { setSource(next); set({ file: "", kind: "inputs" }); }} />
          </div>
          {source === "file" ? <FromFile draft={draft} set={set} suggest={suggest} error={error} /> : <FromDataset dataset={dataset} onDataset={setDataset} prompt={draft.prompt} set={set} suggest={suggest} prompts={prompts} />}
          {draft.kind === "inputs" ? (
            <>
              {source === "file" ? (
                <div className="grid gap-4 sm:grid-cols-[minmax(0,1fr)_9rem]">
                  <div className="flex min-w-0 flex-col gap-1">
                    <span className="text-13 font-medium">Prompt</span>
                    <Combobox label="Prompt" value={draft.prompt || null} onChange={(next) => set({ prompt: next ?? "" })} clear="None: lines have messages" className="w-full" {...prompts} />
                    <FieldFault text={errorFor(error, "prompt") ?? errorFor(error, "request")} />
                  </div>
                  <Versions draft={draft} set={set} error={error} />
                </div>
              ) : (
                <div className="sm:w-40">
                  <Versions draft={draft} set={set} error={error} />
                </div>
              )}
              <Models chosen={draft.models} onChange={(models) => set({ models })} ofPrompt={draft.prompt !== ""} error={errorFor(error, "models") ?? errorFor(error, "model")} />
            </>
          ) : null}
          <div className="grid gap-4 sm:grid-cols-2">
            <Field label="Name" error={errorFor(error, "name")}>
              <Input value={draft.name} onChange={(event) => set({ name: event.target.value })} maxLength={200} placeholder="to find it again" />
            </Field>
            <Field label="Cost ceiling, $" error={errorFor(error, "max_cost_nusd")}>
              <Input type="number" min={0} step="any" value={draft.ceiling} onChange={(event) => set({ ceiling: event.target.value })} placeholder="what it may cost" />
            </Field>
          </div>
          <Checkbox label="Wait before it begins" hint="Everything is set up; it begins when somebody resumes it." checked={draft.paused} onChange={(event) => set({ paused: event.target.checked })} />
          <Checkbox label="End after 24 hours" hint="Else after seven days. What has no answer by then is not asked." checked={draft.day} onChange={(event) => set({ day: event.target.checked })} />
        </div>
        <div className="flex min-h-40 min-w-0 flex-col gap-3 rounded-l bg-sunken p-4" aria-live="polite" aria-busy={forecast.isStale || undefined}>
          <h3 className="text-13 font-semibold">What it may cost</h3>
          {plan ? (
            <Facts
              facts={[
                ["Calls", count(plan.total - plan.invalid)],
                plan.invalid > 0 ? ["Cannot run", <span key="i" className="text-bad">{count(plan.invalid)}</span>] : null,
                ["Probably", <Money key="l" nusd={plan.likely_nusd} />],
                ["Never more than", <strong key="m" className="font-semibold"><Money nusd={ceiling > 0 ? Math.min(plan.most_nusd, Math.round(ceiling * 1e9)) : plan.most_nusd} /></strong>],
              ]}
            />
          ) : (
            <p className="text-13 text-muted">{body ? (forecast.error ? "It cannot start like this." : "Counting…") : missingIn(draft, source, dataset)}</p>
          )}
          {plan ? <p className="text-12 text-muted">So much is set aside when it begins; what is left comes back when it ends.{ceiling > 0 && ceiling * 1e9 < plan.most_nusd ? " Where the ceiling is reached, it pauses." : ""}</p> : null}
          {problems.length > 0 ? (
            <div className="flex flex-col gap-1 text-12">
              <h4 className="font-semibold">Lines that cannot run</h4>
              <ul aria-label="Lines that cannot run" className="flex flex-col gap-1 text-muted">
                {problems.slice(0, PROBLEMS_SHOWN).map((one) => (
                  <li key={one.line} className="wrap-anywhere">
                    {count(one.line)}: {one.message}
                  </li>
                ))}
              </ul>
              {plan && plan.invalid > PROBLEMS_SHOWN ? <span className="text-muted">and {count(plan.invalid - PROBLEMS_SHOWN)} more</span> : null}
            </div>
          ) : null}
        </div>
      </div>
    </FormDialog>
  );
}

type Part = { draft: Draft; set: (changed: Partial<Draft>) => void; error: unknown };

function Versions({ draft, set, error }: Part) {
  return (
    <Field label="Versions" error={versionsOf(draft.versions) === null ? "Numbers, such as 1, 2." : errorFor(error, "versions")}>
      <Input value={draft.versions} onChange={(event) => set({ versions: event.target.value })} placeholder="the live one" disabled={!draft.prompt} />
    </Field>
  );
}

type Suggest = { /** A name for the batch, where nobody typed one. */ suggest: (name: string) => void };

function FromFile({ draft, set, suggest, error }: Part & Suggest) {
  const files = usePages("/v1/files");
  const [fault, setFault] = useState<string | null>(null);
  // What is found out of one file says nothing of another that was chosen since, nor of rows of a dataset.
  const asked = useRef<string | null>(null);
  useEffect(() => () => void (asked.current = null), []);
  const choose = async (id: string | null) => {
    asked.current = id;
    set({ file: id ?? "" });
    setFault(null);
    if (!id) return;
    const found = await readLines<Record<string, unknown>>(`/v1/files/${id}/content`, { most: 1 }).catch(() => null);
    const first = found?.rows[0];
    if (first && asked.current === id) set({ kind: "body" in first ? kindAt(first["url"]) : "inputs" });
  };
  // The one that another page named: what its lines are is not known yet.
  const [given] = useState(draft.file);
  useEffect(() => {
    if (given) void choose(given);
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- once
  }, [given]);
  return (
    <div className="flex min-w-0 flex-col gap-3">
      <div className="flex min-w-0 flex-col gap-1">
        <span className="text-13 font-medium">File</span>
        <div className="flex flex-wrap gap-2">
          <Combobox needed label="File" value={draft.file || null} onChange={(id) => void choose(id)} placeholder={files.rows.length > 0 ? "Choose a file" : "No files yet"} choices={files.rows.map((one) => ({ value: one.id, label: one.filename, hint: bytes(one.bytes) }))} className="min-w-40 flex-1" />
          <UploadButton
            onDone={({ file, kind }) => {
              setFault(null);
              asked.current = file.id;
              set({ file: file.id, kind });
              suggest(file.filename.replace(/\.[a-z]+$/i, ""));
            }}
            onError={(failed) => setFault(failed instanceof Error ? failed.message : String(failed))}
          >
            Upload
          </UploadButton>
        </div>
        <p className="text-12 text-muted">
          JSON lines, such as <code className="wrap-anywhere">{'{"custom_id": "a", "variables": {"name": "Ada"}}'}</code>
        </p>
        <FieldFault text={fault ?? errorFor(error, "input_file_id")} />
      </div>
      {draft.file ? (
        <Field label="Its lines are" error={errorFor(error, "endpoint")}>
          <Select value={draft.kind} onChange={(kind) => set({ kind })} options={KINDS} />
        </Field>
      ) : null}
    </div>
  );
}

function FromDataset({ dataset, onDataset, prompt, set, suggest, prompts }: { dataset: string; onDataset: (id: string) => void; prompt: string; set: Part["set"]; prompts: ReturnType<typeof usePromptChoices> } & Suggest) {
  const [split, setSplit] = useState("");
  const datasets = useDatasets();
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  const [leftOut, setLeftOut] = useState<string | null>(null);
  const known = useRead("/v1/prompts/{slug}", { path: { slug: prompt } }, { enabled: prompt !== "" });
  const messages = known.isPlaceholderData ? undefined : (known.data as { messages?: unknown; parameters?: unknown } | undefined);
  // Of the rows that are being taken, which are those that stand here now.
  const turn = useRef(0);
  useEffect(() => () => void turn.current++, []);
  const taken = (next: { dataset?: string; split?: string; prompt?: string }) => {
    if (next.dataset !== undefined) onDataset(next.dataset);
    if (next.split !== undefined) setSplit(next.split);
    turn.current++;
    setBusy(false);
    setFault(null);
    setLeftOut(null);
    set({ file: "", ...(next.prompt === undefined ? {} : { prompt: next.prompt }) });
  };
  const take = async () => {
    const mine = ++turn.current;
    setBusy(true);
    setFault(null);
    setLeftOut(null);
    try {
      const chosen = datasets.byId.get(dataset);
      const name = `${chosen?.name ?? "dataset"}${split ? `, ${split}` : ""}`;
      const template = parseMessages((messages?.messages ?? []) as never, (messages?.parameters ?? {}) as never);
      const { items, isCut } = await itemsOf(dataset, split);
      const { file } = await uploadLines(new Blob([linesOfItems(items, template)]), `${name}.jsonl`);
      if (turn.current !== mine) return; // Another prompt, dataset or split was chosen since.
      set({ file: file.id, kind: "inputs" });
      suggest(name);
      if (isCut) setLeftOut(rowsLeftOut(items.length, chosen?.counts, split));
    } catch (failed) {
      if (turn.current === mine) setFault(failed instanceof Error ? failed.message : String(failed));
    } finally {
      if (turn.current === mine) setBusy(false);
    }
  };
  return (
    <div className="flex min-w-0 flex-col gap-4">
      <div className="flex min-w-0 flex-col gap-1">
        <span className="text-13 font-medium">Prompt</span>
        <Combobox needed label="Prompt" value={prompt || null} onChange={(next) => taken({ prompt: next ?? "" })} placeholder="Choose a prompt" className="w-full" {...prompts} />
      </div>
      <div className="grid gap-4 sm:grid-cols-[minmax(0,1fr)_9rem]">
        <div className="flex min-w-0 flex-col gap-1">
          <span className="text-13 font-medium">Dataset</span>
          <Combobox needed label="Dataset" value={dataset || null} onChange={(next) => taken({ dataset: next ?? "" })} placeholder="Choose a dataset" choices={datasets.choices} className="w-full" />
        </div>
        <Field label="Rows">
          <Select value={split} onChange={(next: string) => taken({ split: next })} options={SPLITS} />
        </Field>
      </div>
      <div className="flex flex-col items-start gap-1">
        <Button busy={busy} disabled={!dataset || !messages} onClick={() => void take()}>
          Take these rows
        </Button>
        <FieldFault text={fault ?? known.error?.message} />
        {leftOut ? <Notice tone="warn">{leftOut}</Notice> : null}
      </div>
    </div>
  );
}

async function itemsOf(dataset: string, split: string) {
  const found: { id: string; input: string | Record<string, unknown> }[] = [];
  let cursor: string | null | undefined;
  do {
    const page = await read("/v1/datasets/{dataset_id}/items", { path: { dataset_id: dataset }, query: { limit: ROWS_AT_ONCE, ...(split ? { split } : {}), ...(cursor ? { cursor } : {}) } as never });
    found.push(...page.data.map((one) => ({ id: one.id, input: one.input as string | Record<string, unknown> })));
    cursor = page.next_cursor;
  } while (cursor && found.length < ROWS_MOST);
  if (found.length === 0) throw new Error("There are no rows.");
  return { items: found, isCut: Boolean(cursor) };
}

function Models({ chosen, onChange, ofPrompt, error }: { chosen: readonly string[]; onChange: (models: string[]) => void; ofPrompt: boolean; error?: string }) {
  const { choices } = useModels();
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <span className="text-13 font-medium">Models</span>
      <p className="-mt-0.5 text-12 text-muted">Each line is asked of each of them.</p>
      <Several label="Models" add="Add a model" none={ofPrompt ? "The version’s own." : "None yet."} values={chosen} onChange={onChange} choices={choices} />
      <FieldFault text={error} />
    </div>
  );
}
