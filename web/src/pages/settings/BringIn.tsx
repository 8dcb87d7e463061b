import { useQueryClient } from "@tanstack/react-query";
import { FileUp, X } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { type Schema, newIdempotencyKey } from "@/api/client";
import { invalidate } from "@/api/hooks";
import { sendLines } from "@/api/lines";
import { useModels } from "@/api/models";
import { needs, useMay } from "@/api/session";
import { Badge, Button, type Column, Combobox, Field, FormError, Input, Notice, Section, Select, SkeletonText, Table, TextLink, errorFor, toast } from "@/kit";
import { bytes, plural } from "@/lib/format";
import { textOfFile } from "@/lib/text-of-file";
import { FORMATS, type Format, whoseFile } from "./whose-file";

type Imported = Schema<"ImportedAnswer">;
type Given = { name: string; size: number; text: string };

const MOST_BYTES = 16 * 1024 * 1024;
/** Whose files need not say what is in them. */
const NAMELESS: ReadonlySet<Format> = new Set(["dspy", "promptfoo"]);

/** Prompts and datasets from a file of ours or of another tool: it says what would change, and does it when told so. */
export function BringIn() {
  const may = useMay();
  const { choices } = useModels();
  const [format, setFormat] = useState<Format>("bundle");
  const [file, setFile] = useState<Given | null>(null);
  const [model, setModel] = useState<string | null>(null);
  const [name, setName] = useState("");
  const [preview, setPreview] = useState<Imported | null>(null);
  const [done, setDone] = useState<Imported | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState<"reading" | "bringing" | null>(null);
  const key = useRef("");
  const queries = useQueryClient();

  // What would change is asked anew with every change of what it depends on.
  useEffect(() => {
    setPreview(null);
    setError(null);
    setBusy(null);
    if (!file) return undefined;
    const control = new AbortController();
    const timer = setTimeout(() => {
      setBusy("reading");
      send({ file, format, model, name, dry: true }, control.signal)
        .then((found) => {
          key.current = newIdempotencyKey();
          setPreview(found);
        }, setErrorUnless(control.signal, setError))
        .finally(() => (control.signal.aborted ? undefined : setBusy(null)));
    }, 300);
    return () => {
      clearTimeout(timer);
      control.abort();
    };
  }, [file, format, model, name]);

  const take = async (picked: File | undefined) => {
    setDone(null);
    if (!picked) return;
    if (picked.size > MOST_BYTES) {
      setFile(null);
      setError(new Error(`${picked.name} is ${bytes(picked.size)}; at most ${bytes(MOST_BYTES)} go at once. Bring it in in parts, a bundle folder by folder.`));
      return;
    }
    let text: string;
    try {
      text = textOfFile(await picked.arrayBuffer());
    } catch (problem) {
      setFile(null);
      setError(problem);
      return;
    }
    setFormat(whoseFile(text, format));
    setFile({ name: picked.name, size: picked.size, text });
  };
  const bring = async () => {
    if (!file) return;
    setBusy("bringing");
    setError(null);
    try {
      const made = await send({ file, format, model, name, dry: false, key: key.current });
      setDone(made);
      setFile(null);
      toast("It is brought in");
      await invalidate(queries, ["/v1/prompts", "/v1/folders", "/v1/datasets", "/v1/chains", "/v1/models", "/v1/experiments", "/v1/evaluators", "/v1/executions"]);
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(null);
    }
  };

  return (
    <Section title="Bring prompts in" description="From a bundle or from another tool. Nothing changes before you have seen what would; the same file twice changes nothing the second time.">
      <div className="flex flex-col gap-3">
        <div className="flex flex-wrap items-end gap-3">
          <Field label="Format" hint={FORMATS.find((one) => one.value === format)?.hint} className="w-full max-w-sm">
            <Select value={format} disabled={!may.admin} onChange={setFormat} options={FORMATS} />
          </Field>
          {file ? null : <Choose disabled={!may.admin} onFile={(picked) => void take(picked)} />}
        </div>
        {format === "bundle" || format === "litellm" ? null : (
          <div className="flex flex-wrap items-end gap-3">
            <div className="flex w-full max-w-sm flex-col gap-1">
              <span className="text-13 font-medium">Model, where the file names none</span>
              <Combobox label="Model, where the file names none" value={model} clear="auto" placeholder="auto" choices={choices} disabled={!may.admin} onChange={setModel} className="w-full" />
            </div>
            {NAMELESS.has(format) ? (
              <Field label="What it is called" hint="Where the file does not say." className="w-full max-w-sm" error={errorFor(error, "name")}>
                <Input value={name} maxLength={150} onChange={(event) => setName(event.target.value)} placeholder={format === "dspy" ? "program" : "promptfoo"} />
              </Field>
            ) : null}
          </div>
        )}
        {file ? (
          <div className="flex items-center justify-between gap-2 rounded-m border border-line px-3 py-2 text-13">
            <span className="min-w-0 truncate">
              {file.name} <span className="text-muted">{bytes(file.size)}</span>
            </span>
            <Button size="s" variant="ghost" icon={<X size={14} aria-hidden />} onClick={() => setFile(null)}>
              Take another
            </Button>
          </div>
        ) : null}
        {busy === "reading" ? <SkeletonText lines={3} /> : null}
        <FormError error={error} />
        {preview && file ? (
          <>
            <Outcome of={preview} />
            <div>
              <Button variant="primary" busy={busy === "bringing"} disabled={!changes(preview)} why="It is all here already." onClick={() => void bring()}>
                Bring it in
              </Button>
            </div>
          </>
        ) : null}
        {done ? <Outcome of={done} /> : null}
      </div>
    </Section>
  );
}

function setErrorUnless(signal: AbortSignal, setError: (error: unknown) => void) {
  return (error: unknown) => (signal.aborted ? undefined : setError(error));
}

function Choose({ disabled, onFile }: { disabled: boolean; onFile: (file: File | undefined) => void }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <input ref={input} type="file" accept=".json,.jsonl,.ndjson,.yaml,.yml,.toml,.txt,application/json" aria-label="File to bring in" className="sr-only" tabIndex={-1} onChange={(event) => onFile(event.target.files?.[0])} />
      <Button icon={<FileUp size={14} aria-hidden />} disabled={disabled} why={needs("admin")} onClick={() => input.current?.click()}>
        Choose a file
      </Button>
    </>
  );
}

type Asked = { file: Given; format: Format; model: string | null; name: string; dry: boolean; key?: string };

/** The bytes of the file as they are: the typed client would make JSON of them once more. */
function send({ file, format, model, name, dry, key }: Asked, signal?: AbortSignal): Promise<Imported> {
  const query = new URLSearchParams({ format, dry_run: String(dry), ...(model && format !== "bundle" ? { model } : {}), ...(name.trim() && NAMELESS.has(format) ? { name: name.trim() } : {}) });
  return sendLines<Imported>(`/v1/import?${query.toString()}`, file.text, { type: format === "promptfoo" || format === "litellm" ? "application/yaml" : format === "tensorzero" ? "application/toml" : "application/json", key, signal });
}

function changes(found: Imported): boolean {
  return rowsOf(found).some((row) => row.outcome === "created" || row.outcome === "extended") || found.executions.added > 0 || reactionsIn(found) > 0;
}

/** A gateway of before, beside others in an update, takes none. */
function reactionsIn(found: Partial<Pick<Imported, "feedback">>): number {
  return found.feedback?.found ?? 0;
}

type Row = { kind: string; name: string; outcome: string; more: string; to: string | null };

function rowsOf(found: Imported): Row[] {
  const versions = (n: number) => (n > 0 ? plural(n, "version") : "");
  return [
    ...found.prompts.map((one) => ({ kind: "Prompt", name: one.slug, outcome: one.outcome, more: one.reason ?? versions(one.versions_added), to: `/prompts/${one.slug}` })),
    ...found.chains.map((one) => ({ kind: "Chain", name: one.slug, outcome: one.outcome, more: one.reason ?? versions(one.versions_added), to: `/chains/${one.slug}` })),
    ...found.datasets.map((one) => ({ kind: "Dataset", name: one.name, outcome: one.outcome, more: one.items_added > 0 ? plural(one.items_added, "item") : "", to: null })),
    ...found.models.map((one) => ({ kind: "Model", name: one.model, outcome: one.outcome, more: one.reason ?? "", to: null })),
    ...found.evaluators.map((one) => ({ kind: "Evaluator", name: one.name, outcome: one.outcome, more: one.reason ?? versions(one.versions_added), to: null })),
    ...found.experiments.map((one) => ({ kind: "Experiment", name: one.name, outcome: one.outcome, more: "", to: null })),
  ];
}

const TONES = { created: "ok", extended: "ok", unchanged: "neutral", conflict: "warn", refused: "bad" } as const;
const NEXT: Record<string, string> = { created: "new", extended: "goes on", unchanged: "is here already", conflict: "left alone", refused: "refused" };

/** Above the notes. A gateway of before, beside others in an update, counts nothing that it left out. */
function titleOf({ left_out, executions }: Imported, rows: number): string {
  if (left_out > 0) return "Not taken as they stand:";
  return left_out === 0 && (rows > 0 || executions.found > 0) ? "All of it is taken. To be known:" : "To be known:";
}

/** What becomes of each part of the file, or would. */
function Outcome({ of }: { of: Imported }) {
  const rows = rowsOf(of);
  const columns: Column<Row>[] = [
    { key: "name", head: "What", cell: (row) => <span className="wrap-anywhere">{!of.dry_run && row.to && row.outcome !== "refused" ? <TextLink to={row.to}>{row.name}</TextLink> : row.name} <span className="text-12 text-muted">{row.kind.toLowerCase()}</span>{row.more ? <span className="block text-12 text-muted sm:hidden">{row.more}</span> : null}</span> },
    { key: "outcome", head: of.dry_run ? "Would be" : "Became", width: "w-32", cell: (row) => <Badge tone={TONES[row.outcome as keyof typeof TONES] ?? "neutral"}>{NEXT[row.outcome] ?? row.outcome}</Badge> },
    { key: "more", head: "With", hideBelow: "sm", cell: (row) => <span className="text-13 text-muted wrap-anywhere">{row.more}</span> },
  ];
  return (
    <div role="group" aria-label={of.dry_run ? "What would change" : "What was brought in"} className="flex flex-col gap-3">
      {rows.length === 0 && of.executions.found === 0 ? <Notice tone="warn">There is nothing in this file that could be brought in.</Notice> : null}
      {rows.length > 0 ? <Table label={of.dry_run ? "What would change" : "What was brought in"} columns={columns} rows={rows} rowKey={(row) => `${row.kind} ${row.name}`} /> : null}
      {of.executions.found > 0 ? <p className="text-13">{plural(of.executions.found, "run")} in the file, {of.dry_run ? `${of.executions.added} of them not here yet.` : `${of.executions.added} brought in.`}</p> : null}
      {reactionsIn(of) > 0 ? <p className="text-13">{plural(reactionsIn(of), "reaction")} to them, as feedback. Each counts once, however often the file comes.</p> : null}
      {of.notes.length > 0 ? (
        <Notice tone="warn" title={titleOf(of, rows.length)}>
          <ul className="mt-1 list-disc pl-5">
            {of.notes.map((note) => (
              <li key={note}>{note}</li>
            ))}
          </ul>
        </Notice>
      ) : null}
    </div>
  );
}
