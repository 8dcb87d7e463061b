import { Lightbulb, Plus, Wand } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { useDatasetNames, usePromptChoices } from "@/api/choices";
import { usePages } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Badge, Button, ButtonLink, type Column, Combobox, EmptyState, Money, Page, PagedTable, RelativeTime, Select, SimulatedMark, StatusBadge, Tabs, Toolbar } from "@/kit";
import { Progress } from "@/kit/Progress";
import { count, percent, points, pointsRange } from "@/lib/format";
import { flag, integer, maybeOneOf, oneOf, over, text, useUrlState } from "@/lib/url-state";
import { useCommands } from "@/shell/commands";
import { useHotkey } from "@/shell/keys";
import { GenerationsTab } from "./GenerationsTab";
import { StartSearch } from "./StartSearch";
import { type Job, type Suggestion, type Test, evidenceOf, isGoingOn, isSimulated, methodName, progressOf, startedBy, statusNow, whyInShort } from "./model";

const STATUSES = ["pending", "running", "completed", "failed", "cancelled"] as const;
const DECISIONS = ["open", "accepted", "rejected"] as const;
// `start`, `dataset`, `version`, `line` and `number` come from other pages, and fill the form of a start.
const shape = { tab: oneOf(["searches", "suggestions", "generations"], "searches"), prompt: text(), status: maybeOneOf(STATUSES), decision: maybeOneOf(DECISIONS), new: over(flag()), start: over(text()), dataset: text(), version: text(), line: text(), number: integer(null) };

const START = `curl $URL/v1/optimizations -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" \\
  -d '{"prompt": "tickets", "dataset_id": "…", "budget": {"evaluations": 2000}}'`;

export default function OptimizePage() {
  const [{ tab, prompt, status, decision, new: isNew, start, dataset, version, line, number }, set] = useUrlState(shape);
  const may = useMay();
  const prompts = usePromptChoices(prompt);
  const starting = isNew || start !== "";
  const open = (on: boolean) => set(on ? { new: true } : { new: false, start: "", dataset: "", version: "", line: "", number: null });

  const commands = useMemo(() => [{ id: "new-search", label: "New search for a better version", keys: "n", run: () => set({ new: true }) }], [set]);
  useCommands(commands);
  useHotkey("n", () => open(true), may.edit);

  const startButton = (
    <Button variant="primary" icon={<Plus size={14} aria-hidden />} onClick={() => open(true)} disabled={!may.edit} why={needs("editor")}>
      New search
    </Button>
  );
  const filters = (
    <Toolbar>
      <Combobox label="Prompt" value={prompt || null} onChange={(next) => set({ prompt: next ?? "" })} clear="All prompts" {...prompts} />
      {tab === "searches" ? (
        <Select compact aria-label="Status" empty="Any status" value={status} onChange={(next) => set({ status: next || null })} options={STATUSES.map((one) => ({ value: one, label: one }))} />
      ) : tab === "generations" ? null : (
        <Select compact aria-label="Decision" empty="Any decision" value={decision} onChange={(next) => set({ decision: next || null })} options={DECISIONS.map((one) => ({ value: one, label: one }))} />
      )}
    </Toolbar>
  );
  return (
    <Page
      title="Optimize"
      subtitle="Searches for a better text within a budget, and what they suggest, with proof."
      actions={
        <>
          <ButtonLink to="/optimize/schedules">Schedules</ButtonLink>
          <ButtonLink to="/optimize/migrations">Model moves</ButtonLink>
          {startButton}
        </>
      }
    >
      <Tabs
        label="Optimize"
        value={tab}
        onChange={(next) => set({ tab: next }, { push: true })}
        tabs={[
          { id: "searches", label: "Searches", content: <Tab filters={filters}><Searches prompt={prompt} status={status} startButton={startButton} onAll={() => set({ prompt: "", status: null })} /></Tab> },
          { id: "suggestions", label: "Suggestions", content: <Tab filters={filters}><Suggestions prompt={prompt} decision={decision} onAll={() => set({ prompt: "", decision: null })} /></Tab> },
          { id: "generations", label: "Generations", content: <Tab filters={filters}><GenerationsTab prompt={prompt} onAll={() => set({ prompt: "" })} /></Tab> },
        ]}
      />
      <StartSearch key={`${starting} ${dataset} ${version} ${line} ${number}`} open={starting && may.edit} onOpenChange={open} prompt={prompt || null} dataset={dataset || null} version={version} line={line} number={number} />
    </Page>
  );
}

function Tab({ filters, children }: { filters: React.ReactNode; children: React.ReactNode }) {
  return (
    <div className="flex flex-col gap-4">
      {filters}
      {children}
    </div>
  );
}

function Searches({ prompt, status, startButton, onAll }: { prompt: string; status: (typeof STATUSES)[number] | null; startButton: React.ReactNode; onAll: () => void }) {
  const [moving, setMoving] = useState(false);
  const pages = usePages("/v1/optimizations", { query: { prompt, status } }, { refetchInterval: moving ? 1_500 : false });
  useEffect(() => setMoving(pages.rows.some((one) => isGoingOn(one.status))), [pages.rows]);
  const nameOf = useDatasetNames();
  const columns = useMemo(() => jobColumns(nameOf), [nameOf]);
  return (
    <PagedTable
      label="Searches"
      columns={columns}
      pages={pages}
      rowKey={(row) => row.id}
      rowLink={(row) => ({ to: `/optimize/${row.id}` })}
      empty={
        prompt || status ? (
          <EmptyState title="No search matches" action={<Button onClick={onAll}>Show all</Button>} />
        ) : (
          <EmptyState icon={<Wand size={18} />} title="No searches yet" action={startButton} code={START}>
            A search edits the text of a prompt, tries it on a dataset within a budget, and suggests what is surely better.
          </EmptyState>
        )
      }
    />
  );
}

function Suggestions({ prompt, decision, onAll }: { prompt: string; decision: (typeof DECISIONS)[number] | null; onAll: () => void }) {
  const pages = usePages("/v1/suggestions", { query: { prompt, status: decision } });
  return (
    <PagedTable
      label="Suggestions"
      columns={SUGGESTED}
      pages={pages}
      rowKey={(row) => row.id}
      rowLink={(row) => ({ to: `/optimize/suggestions/${row.id}` })}
      empty={
        prompt || decision ? (
          <EmptyState title="No suggestion matches" action={<Button onClick={onAll}>Show all</Button>} />
        ) : (
          <EmptyState icon={<Lightbulb size={18} />} title="No suggestions yet">
            A search that finds a surely better text suggests it here. It goes live when somebody accepts it.
          </EmptyState>
        )
      }
    />
  );
}

function jobColumns(nameOf: (dataset: string) => string | undefined): Column<Job>[] {
  return [
    {
      key: "prompt",
      head: "Prompt",
      cell: (row) => (
        <span className="block min-w-0">
          <span className="flex flex-wrap items-center gap-x-2 gap-y-0.5">
            <span className="font-mono text-13 font-medium wrap-anywhere">
              {row.prompt} v{row.base_version}
            </span>
            {isSimulated(row) ? <SimulatedMark /> : null}
          </span>
          <span className="block text-12 text-muted wrap-anywhere">{[nameOf(row.dataset_id) ?? row.models["task"], row.method === "racing" ? null : methodName(row.method), startedBy(row)?.said].filter(Boolean).join(" · ")}</span>
        </span>
      ),
    },
    { key: "outcome", head: "Outcome", width: "w-40", cell: (row) => <Outcome job={row} /> },
    { key: "gain", head: "Gain on test", align: "end", width: "w-40", hideBelow: "sm", cell: (row) => <Gain test={(row.test ?? null) as Test | null} /> },
    { key: "evaluations", head: "Evaluations", align: "end", width: "w-28", hideBelow: "md", cell: (row) => count(progressOf(row).evaluations) },
    { key: "spent", head: "Spent", align: "end", width: "w-24", hideBelow: "sm", cell: (row) => <Money nusd={progressOf(row).spent_nusd} /> },
    { key: "started", head: "Started", align: "end", width: "w-28", hideBelow: "md", cell: (row) => <RelativeTime at={row.created_at} className="text-muted" /> },
  ];
}

function Outcome({ job }: { job: Job }) {
  if (isGoingOn(job.status)) {
    const { evaluations, budget_evaluations: most } = progressOf(job);
    if (statusNow(job.status, evaluations) === "pending") return <Badge>waiting to begin</Badge>;
    return <Progress label={`Evaluations for ${job.prompt}`} done={evaluations} total={most} className="w-32" />;
  }
  if (job.status !== "completed") return <StatusBadge status={job.status} />;
  const why = whyInShort(job);
  return (
    <span className="inline-flex flex-col items-start gap-0.5">
      <Badge tone={job.outcome === "improved" ? "ok" : "neutral"}>{(job.outcome ?? "completed").replaceAll("_", " ")}</Badge>
      {why ? <span className="text-12 text-muted">{why}</span> : null}
    </span>
  );
}

function Gain({ test }: { test: Test | null }) {
  if (!test) return <span className="text-muted">–</span>;
  return (
    <span className="inline-flex flex-col items-end">
      {points(test.delta)}
      <span className="text-12 text-muted">
        {pointsRange(test.ci_low, test.ci_high)}
      </span>
    </span>
  );
}

const SUGGESTED: Column<Suggestion>[] = [
  {
    key: "prompt",
    head: "Prompt",
    cell: (row) => (
      <span className="block min-w-0">
        <span className="flex flex-wrap items-center gap-x-2 gap-y-0.5">
          <span className="font-mono text-13 font-medium wrap-anywhere">
            {row.prompt} v{row.base_version}
          </span>
          {row.simulated ? <SimulatedMark /> : null}
        </span>
        <span className="block text-12 text-muted">{count(evidenceOf(row).test.n)} test items</span>
      </span>
    ),
  },
  { key: "status", head: "Decision", width: "w-40", cell: (row) => (row.status === "accepted" ? <Badge tone="ok">{`accepted as v${row.accepted_version}`}</Badge> : <Badge tone={row.status === "open" ? "accent" : "neutral"}>{row.status}</Badge>) },
  {
    key: "score",
    head: "Right on test",
    align: "end",
    width: "w-40",
    hideBelow: "sm",
    cell: (row) => {
      const { test } = evidenceOf(row);
      return `${percent(test.baseline)} → ${percent(test.candidate)}`;
    },
  },
  { key: "gain", head: "Gain", align: "end", width: "w-40", cell: (row) => <Gain test={evidenceOf(row).test} /> },
  { key: "made", head: "Suggested", align: "end", width: "w-28", hideBelow: "md", cell: (row) => <RelativeTime at={row.created_at} className="text-muted" /> },
];
