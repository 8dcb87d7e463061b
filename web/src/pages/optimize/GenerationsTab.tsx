import { Dna, Upload } from "lucide-react";
import { useRef, useState } from "react";
import { useNavigate } from "@tanstack/react-router";
import { usePromptChoices } from "@/api/choices";
import { useChange, usePages } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Button, type Column, Combobox, EmptyState, Field, FormDialog, Input, Notice, PagedTable, RelativeTime, SimulatedMark, errorFor, toast } from "@/kit";
import { count, percent, plural } from "@/lib/format";
import { textOfFile } from "@/lib/text-of-file";
import { type Line, ORIGINS, nameOfLine } from "./generations";

const COLUMNS: Column<Line>[] = [
  {
    key: "name",
    head: "Line",
    cell: (row) => (
      <span className="block min-w-0">
        <span className="flex flex-wrap items-center gap-x-2 gap-y-0.5">
          <span className="font-medium wrap-anywhere">{nameOfLine(row)}</span>
          {row.simulated ? <SimulatedMark /> : null}
        </span>
        <span className="block text-12 text-muted wrap-anywhere">
          {row.name ? `${row.prompt} v${row.base_version} · ` : ""}from {ORIGINS[row.origin]}
        </span>
      </span>
    ),
  },
  { key: "generations", head: "Generations", align: "end", width: "w-28", hideBelow: "sm", cell: (row) => count(row.latest_number === null ? 0 : row.latest_number + 1) },
  { key: "best", head: "Best fitness", align: "end", width: "w-32", cell: (row) => <span className="inline-flex flex-col items-end">{percent(row.best_fitness)}{row.best_number === null ? null : <span className="text-12 text-muted">generation {row.best_number}</span>}</span> },
  { key: "at", head: "Changed", align: "end", width: "w-28", hideBelow: "md", cell: (row) => <RelativeTime at={row.updated_at} className="text-muted" /> },
];

/** What evolutionary and reflective searches left behind, forks, and what came from files. */
export function GenerationsTab({ prompt, onAll }: { prompt: string; onAll: () => void }) {
  const pages = usePages("/v1/generations", { query: { prompt } });
  const may = useMay();
  const [isReading, setReading] = useState(false);
  const button = (
    <Button icon={<Upload size={14} aria-hidden />} disabled={!may.edit} why={needs("editor")} onClick={() => setReading(true)}>
      Import a line
    </Button>
  );
  return (
    <div className="flex flex-col gap-3">
      {pages.rows.length > 0 ? <span className="flex justify-end">{button}</span> : null}
      <PagedTable
        label="Generations"
        columns={COLUMNS}
        pages={pages}
        rowKey={(row) => row.id}
        rowLink={(row) => ({ to: `/optimize/generations/${row.id}` })}
        empty={
          prompt ? (
            <EmptyState title="This prompt has none" action={<Button onClick={onAll}>Show all</Button>} />
          ) : (
            <EmptyState icon={<Dna size={18} />} title="No generations yet" action={button}>
              Searches by the methods evolutionary and reflective keep each generation here. You can go back to one, fork it, and search on from it.
            </EmptyState>
          )
        }
      />
      {isReading ? <Import onClose={() => setReading(false)} /> : null}
    </div>
  );
}

type File_ = { prompt: string; base_version: number; generations: unknown[]; candidates: unknown[] };

/** What an export wrote, or why it is none. */
export async function lineInFile(given: Blob): Promise<File_ | string> {
  try {
    return lineIn(textOfFile(await given.arrayBuffer()));
  } catch (problem) {
    return problem instanceof Error ? problem.message : String(problem);
  }
}

/** The same of its text. */
export function lineIn(text: string): File_ | string {
  try {
    const found: unknown = JSON.parse(text);
    if (typeof found !== "object" || found === null || (found as { format?: unknown }).format !== "burnish.generations") return "This is no file of generations. Take one that Export wrote.";
    const { prompt, generations, candidates } = found as Partial<File_>;
    if (typeof prompt !== "string" || !Array.isArray(generations) || !Array.isArray(candidates)) return "This file is damaged: its generations are missing.";
    return found as File_;
  } catch {
    return "This file is not JSON.";
  }
}

function Import({ onClose }: { onClose: () => void }) {
  const [file, setFile] = useState<File_ | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  const [prompt, setPrompt] = useState<string | null>(null);
  const [name, setName] = useState("");
  const input = useRef<HTMLInputElement>(null);
  const prompts = usePromptChoices();
  const navigate = useNavigate();
  const read = useChange("post", "/v1/generations/import", { invalidates: ["/v1/generations"] });
  const take = async (given: File | undefined) => {
    if (!given) return;
    const found = await lineInFile(given);
    setFault(typeof found === "string" ? found : null);
    setFile(typeof found === "string" ? null : found);
    if (typeof found !== "string") setPrompt(found.prompt);
  };
  const done = (made: Line) => {
    toast("The line is there");
    void navigate({ to: `/optimize/generations/${made.id}` });
  };
  const submit = () => file && read.mutate({ body: { file: file as never, ...(prompt && prompt !== file.prompt ? { prompt } : {}), ...(name.trim() ? { name: name.trim() } : {}) } }, { onSuccess: done });
  return (
    <FormDialog open onOpenChange={(on) => on || onClose()} title="Import a line of generations" description="A file that Export wrote, here or in another installation. It becomes a line of its own." submit="Import" busy={read.isPending} error={read.error} disabled={!file} onSubmit={submit}>
      <Field label="File" required error={fault ?? errorFor(read.error, "file")}>
        <Input readOnly value={file ? `${file.prompt} v${file.base_version}` : ""} placeholder="None chosen" onClick={() => input.current?.click()} />
      </Field>
      <span className="-mt-2">
        <Button size="s" icon={<Upload size={12} aria-hidden />} onClick={() => input.current?.click()}>
          Choose a file
        </Button>
        <input ref={input} type="file" accept="application/json,.json" aria-label="File of generations" className="sr-only" tabIndex={-1} onChange={(event) => void take(event.target.files?.[0])} />
      </span>
      {file ? <Notice>{`${plural(file.generations.length, "generation")} with ${plural(file.candidates.length, "candidate")}, of ${file.prompt} v${file.base_version}.`}</Notice> : null}
      <div className="flex flex-col gap-1">
        <span className="text-13 font-medium">Prompt</span>
        <Combobox label="Prompt" value={prompt} onChange={setPrompt} placeholder="The one that the file names" className="w-full" {...prompts} />
      </div>
      <Field label="Name" error={errorFor(read.error, "name")}>
        <Input maxLength={200} value={name} onChange={(event) => setName(event.target.value)} placeholder="as in the file" />
      </Field>
    </FormDialog>
  );
}
