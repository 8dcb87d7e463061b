import { History } from "lucide-react";
import { useState } from "react";
import { useChange, usePages } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Badge, type Column, ConfirmDialog, EmptyState, Menu, PagedTable, SimulatedBadge, TextLink, toast, toastError } from "@/kit";
import { Progress } from "@/kit/Progress";
import { count, money, percent, plural } from "@/lib/format";
import { RaiseLimit } from "./RaiseLimit";
import { type Scoring, WHY, pastWords } from "./past";

const INVALIDATES = { invalidates: ["/v1/scorings"] };
const WORKING_MS = 2_000;

/** What was had scored of the past, by all evaluators or by one, and how far each is. */
export function ScoringsTable({ evaluator }: { evaluator: string | null }) {
  const may = useMay();
  const [works, setWorks] = useState(false);
  const [ending, setEnding] = useState<Scoring | null>(null);
  const [raising, setRaising] = useState<Scoring | null>(null);
  const pages = usePages("/v1/scorings", { query: { evaluator_id: evaluator ?? undefined, limit: 20 } }, { refetchInterval: works ? WORKING_MS : false });
  const isWorking = pages.rows.some((row) => row.status === "running" || row.held_nusd > 0);
  if (isWorking !== works) setWorks(isWorking);
  const patch = useChange("patch", "/v1/scorings/{scoring_id}", INVALIDATES);
  const end = useChange("delete", "/v1/scorings/{scoring_id}", INVALIDATES);
  const turn = (row: Scoring, active: boolean) => patch.mutate({ path: { scoring_id: row.id }, body: { active } }, { onSuccess: () => toast(active ? "It goes on" : "It pauses; what waits keeps its place"), onError: toastError });
  const columns: Column<Scoring>[] = [
    {
      key: "evaluator",
      head: "Evaluator",
      cell: (row) => (
        <span className="block min-w-0">
          <span className="flex flex-wrap items-center gap-2">
            <span className="font-medium wrap-anywhere">
              {row.evaluator} v{row.evaluator_version}
            </span>
            <Badge tone={row.status === "paused" ? "warn" : undefined}>{row.status}</Badge>
            {row.simulated ? <SimulatedBadge /> : null}
          </span>
          <span className="block text-12 text-muted wrap-anywhere">
            {pastWords(row.wanted)}
            {row.paused_because ? ` · waits: ${WHY[row.paused_because] ?? ""}` : ""}
          </span>
        </span>
      ),
    },
    { key: "done", head: "Done", width: "w-48", hideBelow: "sm", cell: (row) => <Progress label={`Scored of ${row.evaluator}`} done={row.scored + row.no_scores} total={row.total} /> },
    { key: "mean", head: "Mean", align: "end", width: "w-28", hideBelow: "md", cell: (row) => (row.mean === null ? <span className="text-muted">–</span> : <span className="numeric">{row.mean.toFixed(2)} · {percent(row.passed / row.scored, 0)} pass</span>) },
    { key: "cost", head: "Spent", width: "w-36", hideBelow: "md", cell: (row) => <Spent row={row} /> },
    { key: "scores", head: <span className="sr-only">Scores</span>, width: "w-20", hideBelow: "sm", cell: (row) => <TextLink to="/evaluators/scores" search={{ evaluator: row.evaluator_id }}>Scores</TextLink> },
    {
      key: "act",
      head: <span className="sr-only">Act</span>,
      align: "end",
      width: "w-12",
      cell: (row) =>
        row.status === "running" || row.status === "paused" ? (
          <Menu
            label={`What to do with the scoring by ${row.evaluator}`}
            items={[
              { label: row.status === "running" ? "Pause" : "Go on", disabled: !may.edit, hint: may.edit ? undefined : needs("editor"), onSelect: () => turn(row, row.status === "paused") },
              ...(row.limit_nusd === null ? [] : [{ label: "Change its limit", disabled: !may.edit, hint: may.edit ? undefined : needs("editor"), onSelect: () => setRaising(row) }]),
              "-" as const,
              { label: "Cancel", danger: true, disabled: !may.edit, hint: may.edit ? undefined : needs("editor"), onSelect: () => setEnding(row) },
            ]}
          />
        ) : null,
    },
  ];
  return (
    <>
      <PagedTable
        label="Scorings of past runs"
        columns={columns}
        pages={pages}
        rowKey={(row) => row.id}
        empty={
          <EmptyState icon={<History size={18} />} title="No past runs were scored on demand">
            Live evaluations look at what comes. For what has come before, choose runs, see what it will cost, and have them scored in the background.
          </EmptyState>
        }
      />
      {raising ? <RaiseLimit scoring={raising} onClose={() => setRaising(null)} /> : null}
      <ConfirmDialog
        open={ending !== null}
        onOpenChange={(open) => !open && (end.reset(), setEnding(null))}
        title="Cancel this scoring?"
        submit="Cancel the scoring"
        cancel="Keep it"
        busy={end.isPending}
        error={end.error}
        onSubmit={() => ending && end.mutate({ path: { scoring_id: ending.id } }, { onSuccess: () => (toast("It scores no more"), setEnding(null)) })}
      >
        {ending ? `${plural(ending.waiting, "run")} of ${count(ending.total)} will have no score. What is scored stays.${ending.held_nusd > 0 ? " What judges are asked at this moment is paid all the same." : ""}` : null}
      </ConfirmDialog>
    </>
  );
}

/** What is held for calls under way is not spent: it may come back. */
function Spent({ row }: { row: Scoring }) {
  if (row.limit_nusd === null) return <span className="text-muted">costs nothing</span>;
  return (
    <span className="block">
      <span className="numeric block">{`${money(row.spent_nusd)} of ${money(row.limit_nusd)}`}</span>
      {row.held_nusd > 0 ? <span className="numeric block text-12 text-muted">{money(row.held_nusd)} held</span> : null}
    </span>
  );
}
