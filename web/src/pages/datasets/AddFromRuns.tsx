import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useState } from "react";
import { usePromptChoices } from "@/api/choices";
import { type Pages, change, invalidate, usePages, useRead } from "@/api/hooks";
import { Checkbox, Combobox, EmptyState, Field, FormDialog, Input, Lines, Paged, RelativeTime, SkeletonText, toast } from "@/kit";
import { plural } from "@/lib/format";
import { inputWords } from "./items";

type Row = { id: string; created_at: string };
type Execution = { output: string | null; variables: Record<string, unknown> | null; messages: { role: string; content: unknown }[] | null; simulated: boolean };
const SHOWN = 10;

/** Answers of live traffic that somebody has looked at become items: each goes through the review queue, so that it can be erased with
 * the person it is about, and counts as a verdict. */
export function AddFromRuns({ id, open, onOpenChange }: { id: string; open: boolean; onOpenChange: (open: boolean) => void }) {
  const [prompt, setPrompt] = useState<string | null>(null);
  const [taken, setTaken] = useState<ReadonlyMap<string, string>>(new Map());
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const queries = useQueryClient();
  const prompts = usePromptChoices(prompt);
  const found = usePages("/v1/executions" as never, { query: { prompt: prompt ?? "", status: "success", lane: "interactive", limit: SHOWN } } as never, { enabled: open && prompt !== null }) as Pages<Row>;
  const take = useCallback((one: string, expected: string | null) => {
    setTaken((before) => {
      const next = new Map(before);
      if (expected === null) next.delete(one);
      else next.set(one, expected);
      return next;
    });
  }, []);

  const submit = async () => {
    setBusy(true);
    setError(null);
    let added = 0;
    try {
      for (const [execution, expected] of taken) {
        const { id: review } = await change("post", "/v1/review", { body: { execution_id: execution } as never });
        const decided = (await change("post", "/v1/review/{review_id}/correct", { path: { review_id: review }, body: { expected, dataset_id: id } as never })) as { added?: boolean };
        if (decided.added !== false) added++;
        take(execution, null);
      }
      onOpenChange(false);
      toast(added === 0 ? "Nothing new: the dataset holds these inputs" : `${plural(added, "item")} added`);
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
      await invalidate(queries, ["/v1/datasets", "/v1/review"]);
    }
  };

  return (
    <FormDialog
      wide
      open={open}
      onOpenChange={onOpenChange}
      title="Add from runs"
      description="Choose answers and say what would have been right. Each counts as your verdict in the review queue."
      submit={taken.size > 0 ? `Add ${plural(taken.size, "item")}` : "Add"}
      onSubmit={() => void submit()}
      busy={busy}
      error={error}
      missing={taken.size === 0 ? "Choose at least one run." : [...taken.values()].some((one) => !one.trim()) ? "Each that you chose needs its right answer." : undefined}
      disabled={taken.size === 0 || [...taken.values()].some((one) => !one.trim())}
    >
      <Combobox label="Prompt" value={prompt} onChange={setPrompt} placeholder="Choose a prompt" className="w-full sm:w-72" {...prompts} />
      {prompt === null ? null : (
        <Paged pages={found.isStale ? { ...found, rows: [] } : found} skeleton={<SkeletonText lines={4} />} empty={<EmptyState title="No runs of this prompt">Only live traffic is listed, the newest first.</EmptyState>}>
          <Lines label="Newest runs" className="flex flex-col gap-2">
            {found.rows.map((row) => (
              <Choice key={row.id} row={row} expected={taken.get(row.id)} onTake={take} />
            ))}
          </Lines>
        </Paged>
      )}
    </FormDialog>
  );
}

function Choice({ row, expected, onTake }: { row: Row; expected: string | undefined; onTake: (id: string, expected: string | null) => void }) {
  const found = useRead("/v1/executions/{execution_id}", { path: { execution_id: row.id } }, { staleTime: 60_000 });
  const execution = found.data as unknown as Execution | undefined;
  if (!execution) return <li className="rounded-m border border-line p-3">{found.error ? "This run could not be read." : <SkeletonText lines={2} />}</li>;
  const variables = execution.variables ?? {};
  const said = Object.keys(variables).length > 0 ? inputWords(variables) : inputWords(execution.messages?.at(-1)?.content ?? "");
  const output = execution.output?.trim() ?? "";
  return (
    <li className="grid gap-x-4 gap-y-2 rounded-m border border-line p-3 sm:grid-cols-[minmax(0,1fr)_16rem]">
      <div className="min-w-0">
        <Checkbox label={<span className="line-clamp-3 text-13 wrap-anywhere">{said || "(no text is kept)"}</span>} disabled={!said} checked={expected !== undefined} onChange={(event) => onTake(row.id, event.target.checked ? output : null)} />
        <p className="mt-1 pl-6 text-12 text-muted">
          <RelativeTime at={row.created_at} /> · answered <span className="wrap-anywhere">{output.slice(0, 200) || "nothing"}</span>
        </p>
      </div>
      <Field label="Expected answer" className={expected === undefined ? "invisible max-sm:hidden" : ""}>
        <Input value={expected ?? ""} onChange={(event) => onTake(row.id, event.target.value)} />
      </Field>
    </li>
  );
}
