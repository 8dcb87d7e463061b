import { ListChecks, Plus } from "lucide-react";
import { Suspense, useEffect, useMemo, useState } from "react";
import { useChainChoices, useDatasetNames, useDatasets, usePromptChoices } from "@/api/choices";
import { usePages } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Badge, Button, type Choice, type Column, Combobox, EmptyState, Money, NavTabs, Page, PagedTable, Percent, RelativeTime, Select, SimulatedMark, SkeletonText, StatusBadge, Tabs, TextLink, Toolbar } from "@/kit";
import { Progress } from "@/kit/Progress";
import { plural } from "@/lib/format";
import { later } from "@/lib/later";
import { flag, id, integer, maybeOneOf, oneOf, over, text, useUrlState } from "@/lib/url-state";
import { useCommands } from "@/shell/commands";
import { useHotkey } from "@/shell/keys";
import { StartRun } from "./StartRun";
import { type Metrics, type Run, isGoingOn, modelsOf, resultOf, slugOf, testedOf } from "./model";
import { EVALUATION_TABS } from "./tabs";

// Charts come when they are looked at.
const Compare = later(() => import("./Compare"));

const STATUSES = ["pending", "running", "paused", "completed", "failed", "cancelled"] as const;
// `on`: the dataset whose runs are shown. `group`: what one start made. `version`, `dataset`, `split`, `model`, `failed_of`, `evaluators`, `judge` and `times` fill the form of a start.
const shape = { tab: oneOf(["runs", "compare"], "runs"), prompt: text(), chain: text(), status: maybeOneOf(STATUSES), on: id(), group: id(), new: over(flag()), dataset: text(), version: text(), split: text(), model: text(), failed_of: text(), evaluators: text(), judge: text(), times: integer(1) };

const START = `curl $URL/v1/test-runs -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" \\
  -d '{"prompt": "tickets", "dataset_id": "…", "split": "validation"}'`;

export default function TestRunsPage() {
  const [{ tab, prompt, chain, status, on, group, new: starting, dataset, version, split, model, failed_of: failedOf, evaluators, judge, times }, set] = useUrlState(shape);
  const may = useMay();
  const prompts = usePromptChoices(prompt);
  const chains = useChainChoices();
  const [moving, setMoving] = useState(false);
  const pages = usePages("/v1/test-runs", { query: { prompt, chain: chain || undefined, status, dataset_id: on || undefined, group_id: group || undefined } }, { refetchInterval: moving ? 1_500 : false });
  useEffect(() => setMoving(pages.rows.some((one) => isGoingOn(one.status))), [pages.rows]);
  const nameOf = useDatasetNames();
  const datasets = useDatasets();
  const open = (isOpen: boolean) => set(isOpen ? { new: true } : { new: false, dataset: "", version: "", split: "", model: "", failed_of: "", evaluators: "", judge: "", times: 1 });

  const commands = useMemo(() => [{ id: "new-test-run", label: "New test run", keys: "n", run: () => set({ new: true }) }], [set]);
  useCommands(commands);
  useHotkey("n", () => open(true), may.edit);

  const columns = useMemo(() => columnsWith(nameOf), [nameOf]);
  const startButton = (
    <Button variant="primary" icon={<Plus size={14} aria-hidden />} onClick={() => open(true)} disabled={!may.edit} why={needs("editor")}>
      New test run
    </Button>
  );
  const list = (
    <PagedTable
      label="Test runs"
      columns={columns}
      pages={pages}
      rowKey={(row) => row.id}
      rowLink={(row) => ({ to: `/test-runs/${row.id}` })}
      empty={
        prompt || chain || status || on || group ? (
          <EmptyState title="No test run matches" action={<Button onClick={() => set({ prompt: "", chain: "", status: null, on: "", group: "" })}>Show all</Button>} />
        ) : (
          <EmptyState icon={<ListChecks size={18} />} title="No test runs yet" action={startButton} code={START}>
            A test run answers each case of a dataset with one version of a prompt or a chain, and says how many are right, with an interval.
          </EmptyState>
        )
      }
    />
  );
  return (
    <Page title="Test runs" subtitle="How many cases a version gets right, and which it does not." actions={startButton}>
      <NavTabs label="Test runs" tabs={EVALUATION_TABS} />
      <Toolbar>
        <Combobox label="Prompt" value={prompt || null} onChange={(next) => set({ prompt: next ?? "", chain: "" })} clear="All prompts" {...prompts} />
        <Combobox label="Chain" value={chain || null} onChange={(next) => set({ chain: next ?? "", prompt: "" })} clear="All chains" {...chains} />
        {tab === "runs" ? (
          <>
            <Combobox label="Dataset" value={on || null} onChange={(next) => set({ on: next ?? "" })} choices={choicesOf(datasets, on, nameOf(on))} clear="All datasets" />
            <Select compact aria-label="Status" empty="Any status" value={status} onChange={(next) => set({ status: next || null })} options={STATUSES.map((one) => ({ value: one, label: one }))} />
          </>
        ) : null}
      </Toolbar>
      <Tabs
        label="Test runs"
        value={tab}
        onChange={(next) => set({ tab: next }, { push: true })}
        className="-mt-2"
        tabs={[
          { id: "runs", label: "Runs", content: <>{group ? <Together runs={pages.rows} onAll={() => set({ group: "" })} /> : null}{list}</> },
          { id: "compare", label: "Compare versions", content: <Suspense fallback={<SkeletonText />}><Compare prompt={prompt} chain={chain} /></Suspense> },
        ]}
      />
      <StartRun key={`${starting} ${chain} ${dataset} ${version} ${split} ${model} ${failedOf} ${evaluators} ${judge} ${times}`} open={starting && may.edit} onOpenChange={open} prompt={prompt || null} chain={chain || null} dataset={dataset || null} version={version} split={split} model={model || null} failedOf={failedOf || null} evaluators={evaluators ? evaluators.split(",") : []} judge={judge || null} times={times} />
    </Page>
  );
}

/** An archived dataset is chosen by a link, and is named then. */
function choicesOf({ byId, choices }: ReturnType<typeof useDatasets>, on: string, name: string | undefined): readonly Choice[] {
  return on && !byId.has(on) ? [{ value: on, label: name ?? "One dataset" }, ...choices] : choices;
}

/** The list holds what one start made: where its runs are compared, and the way back to all. */
function Together({ runs, onAll }: { runs: readonly Run[]; onAll: () => void }) {
  const first = runs[0];
  return (
    <p className="mb-3 flex flex-wrap items-center gap-x-3 gap-y-1 text-13 text-muted">
      {runs.length > 0 ? `${plural(runs.length, "run")} that started together.` : "Runs that started together."}
      {first ? <TextLink to="/test-runs" search={{ tab: "compare", ...(first.chain ? { chain: first.chain.slug } : { prompt: first.prompt ?? "" }) }}>{runs.every((one) => one.status === "completed") ? "Compare them" : "Compare them once they are completed"}</TextLink> : null}
      <Button size="s" onClick={onAll}>Show all runs</Button>
    </p>
  );
}

function columnsWith(nameOf: (dataset: string) => string | undefined): Column<Run>[] {
  return [
    {
      key: "run",
      head: "Version",
      cell: (row) => (
        <span className="block min-w-0">
          <span className="flex flex-wrap items-center gap-x-2 gap-y-0.5">
            <span className="font-mono text-13 font-medium wrap-anywhere">{testedOf(row)}</span>
            {row.simulated || modelsOf(row).some((model) => model.startsWith("simulated/")) ? <SimulatedMark /> : null}
          </span>
          <span className="block text-12 text-muted wrap-anywhere">{row.chain ? "a chain" : row.model}</span>
        </span>
      ),
    },
    {
      key: "dataset",
      head: "Dataset",
      hideBelow: "sm",
      cell: (row) => (
        <span className="block min-w-0">
          <span className="wrap-anywhere">{nameOf(row.dataset_id) ?? "–"}</span>
          <span className="block text-12 text-muted">
            {row.split}
            {row.failed_of ? `, ${(row.progress as { total: number }).total} that failed` : ""}
            {row.repeats > 1 ? `, ${row.repeats} times each` : ""}
          </span>
        </span>
      ),
    },
    { key: "score", head: "Right", align: "end", width: "w-40", cell: (row) => <Scored run={row} /> },
    { key: "cost", head: "Cost", align: "end", width: "w-24", hideBelow: "md", cell: (row) => <Money nusd={resultOf(row).costNusd} /> },
    { key: "started", head: "Started", align: "end", width: "w-28", hideBelow: "md", cell: (row) => <RelativeTime at={row.created_at} className="text-muted" /> },
  ];
}

function Scored({ run }: { run: Run }) {
  if (isGoingOn(run.status)) {
    if (run.status === "pending") return <Badge>waiting to begin</Badge>;
    const { done, total } = run.progress as { done: number; total: number };
    return <Progress label={`Answers of ${slugOf(run)}`} done={done} total={total} className="ml-auto w-28" />;
  }
  if (run.status !== "completed") return <StatusBadge status={run.status} />;
  const metrics = run.metrics as unknown as Metrics | null;
  return <Percent share={metrics?.overall_accuracy} low={metrics?.interval.low} high={metrics?.interval.high} samples={metrics?.total} show="below" className="items-end" />;
}
