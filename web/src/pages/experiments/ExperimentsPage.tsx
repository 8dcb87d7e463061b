import { useNavigate } from "@tanstack/react-router";
import { FlaskConical, Plus } from "lucide-react";
import { useMemo } from "react";
import { usePromptChoices } from "@/api/choices";
import { usePages } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Badge, Button, type Column, Combobox, EmptyState, PagedTable, RelativeTime, Select, SimulatedMark, Toolbar } from "@/kit";
import { flag, maybeOneOf, over, text, useUrlState } from "@/lib/url-state";
import { useCommands } from "@/shell/commands";
import { useHotkey } from "@/shell/keys";
import { ExperimentForm } from "./ExperimentForm";
import { Head } from "./Head";
import { SendSuggestion } from "./SendSuggestion";
import { type Experiment, gives, liveArms, shareWords, standing } from "./model";
import { DecidedBy } from "./useMetricNames";

const STATUSES = ["draft", "running", "paused", "completed"] as const;
const KINDS = [
  { value: "ab", label: "Experiments" },
  { value: "rollout", label: "Guarded rollouts" },
] as const;
// `version` and `suggestion` come from other pages, and fill the form.
const shape = { prompt: text(), status: maybeOneOf(STATUSES), kind: maybeOneOf(["ab", "rollout"]), new: over(flag()), version: text(), suggestion: text() };

const CREATE = `curl $URL/v1/experiments -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" \\
  -d '{"name": "Shorter instructions", "prompt": "tickets",
       "arms": [{"name": "control", "label": "production"}, {"name": "shorter", "version": 2}]}'`;

export default function ExperimentsPage() {
  const [{ prompt, status, kind, new: isNew, version, suggestion }, set] = useUrlState(shape);
  const navigate = useNavigate();
  const may = useMay();
  const prompts = usePromptChoices(prompt);
  const pages = usePages("/v1/experiments", { query: { prompt, status, kind } });
  const commands = useMemo(() => [{ id: "new-experiment", label: "New experiment", keys: "n", run: () => set({ new: true }) }], [set]);
  useCommands(commands);
  useHotkey("n", () => set({ new: true }), may.edit);
  const newButton = (
    <Button variant="primary" icon={<Plus size={14} aria-hidden />} onClick={() => set({ new: true })} disabled={!may.edit} why={needs("editor")}>
      New experiment
    </Button>
  );
  return (
    <Head title="Experiments" subtitle="Versions side by side on real calls, and what surely came of them." actions={newButton}>
      <Toolbar>
        <Combobox label="Prompt" value={prompt || null} onChange={(next) => set({ prompt: next ?? "" })} clear="All prompts" {...prompts} className="max-w-60" />
        <Select compact aria-label="Status" empty="Any status" value={status} onChange={(next) => set({ status: next || null })} options={STATUSES.map((one) => ({ value: one, label: one }))} />
        <Select compact aria-label="Kind" empty="Any kind" value={kind} onChange={(next) => set({ kind: next || null })} options={KINDS} />
      </Toolbar>
      <PagedTable
        label="Experiments"
        columns={COLUMNS}
        pages={pages}
        rowKey={(row) => row.id}
        rowLink={(row) => ({ to: `/experiments/${row.id}` })}
        empty={
          prompt || status || kind ? (
            <EmptyState title="No experiment matches" action={<Button onClick={() => set({ prompt: "", status: null, kind: null })}>Show all</Button>} />
          ) : (
            <EmptyState icon={<FlaskConical size={18} />} title="No experiments yet" action={newButton} code={CREATE}>
              An experiment gives versions of a prompt to end users at the same time. It says when one is surely better, however often you look.
            </EmptyState>
          )
        }
      />
      <ExperimentForm key={`${isNew} ${version}`} open={isNew && may.edit} onOpenChange={(on) => set(on ? { new: true } : { new: false, version: "" })} prompt={prompt} version={version} />
      {suggestion ? <SendSuggestion key={suggestion} id={suggestion} onClose={() => void navigate({ to: `/optimize/suggestions/${suggestion}`, replace: true })} /> : null}
    </Head>
  );
}

const COLUMNS: Column<Experiment>[] = [
  {
    key: "name",
    head: "Experiment",
    cell: (row) => (
      <span className="block min-w-0 py-1">
        <span className="flex flex-wrap items-center gap-x-2 gap-y-0.5">
          <span className="font-medium wrap-anywhere">{row.name}</span>
          {row.kind === "rollout" ? <Badge>rollout</Badge> : null}
          {row.simulated ? <SimulatedMark /> : null}
        </span>
        <span className="block text-12 text-muted wrap-anywhere">
          <span className="font-mono">{row.prompt}</span>: {liveArms(row).map(gives).join(" · ")}
        </span>
      </span>
    ),
  },
  {
    key: "status",
    head: "Standing",
    width: "w-36",
    cell: (row) => {
      const { word, tone } = standing(row);
      return <Badge tone={tone}>{word}</Badge>;
    },
  },
  { key: "ramp", head: "Ramp", align: "end", width: "w-28", hideBelow: "md", cell: ramp },
  { key: "metric", head: "By", width: "w-40", hideBelow: "lg", cell: (row) => <DecidedBy metric={row.metric} /> },
  { key: "winner", head: "Winner", width: "w-36", hideBelow: "md", cell: (row) => (row.winner ? <span className="font-mono text-12 wrap-anywhere">{row.winner}</span> : <span className="text-muted">–</span>) },
  { key: "started", head: "Started", align: "end", width: "w-28", hideBelow: "sm", cell: (row) => (row.started_at ? <RelativeTime at={row.started_at} className="text-muted" /> : <span className="text-muted">not yet</span>) },
];

/** How far a guarded rollout is: the share of its step. */
function ramp({ rollout, rollout_state: state, status, step }: Experiment) {
  if (state === "rolled_back") return <span className="text-muted">taken back</span>;
  if (!rollout?.steps) return <span className="text-muted">–</span>;
  const at = status === "draft" ? 0 : (step ?? 0);
  return (
    <span className="inline-flex flex-col items-end">
      {shareWords(status === "draft" ? 0 : rollout.steps[at])}
      <span className="text-12 text-muted">{status === "draft" ? `of ${rollout.steps.length} steps` : `step ${at + 1} of ${rollout.steps.length}`}</span>
    </span>
  );
}
