import { Radio } from "lucide-react";
import { useState } from "react";
import { change as send, useChange, usePages } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Badge, ButtonLink, type Column, ConfirmDialog, EmptyState, Menu, PagedTable, Switch, TextLink, toast, toastError, useUndo } from "@/kit";
import { Progress } from "@/kit/Progress";
import { count, money } from "@/lib/format";
import { type Live, liveOf, takes, unscored } from "./live";

const INVALIDATES = { invalidates: ["/v1/live-evaluations"] };
const PERIODS: Record<string, string> = { day: "today", month: "this month" };

const SCORE = `curl $URL/v1/live-evaluations -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \\
  -d '{"evaluator_id": "…", "sample": 0.1, "cap": {"limit_nusd": 5000000000, "period": "day"}}'`;

/** Which traffic is scored as it comes, by all evaluators or by one. `onEdit` null: it is changed elsewhere. */
export function LiveTable({ evaluator, archived, isOver = false, onEdit }: { evaluator: string | null; archived: boolean; /** The evaluator is archived. */ isOver?: boolean; onEdit: ((live: Live) => void) | null }) {
  const may = useMay();
  const [ending, setEnding] = useState<Live | null>(null);
  const pages = usePages("/v1/live-evaluations", liveOf(evaluator, archived));
  const patch = useChange("patch", "/v1/live-evaluations/{live_evaluation_id}", INVALIDATES);
  const end = useChange("delete", "/v1/live-evaluations/{live_evaluation_id}", INVALIDATES);
  const undo = useUndo(INVALIDATES.invalidates);
  const turn = (row: Live, active: boolean) => {
    const path = { live_evaluation_id: row.id };
    const back = () => send("patch", "/v1/live-evaluations/{live_evaluation_id}", { path, body: { active: !active } });
    patch.mutate({ path, body: { active } }, { onSuccess: () => toast(active ? `${row.evaluator} scores again` : `${row.evaluator} pauses; what waits is scored afterwards`, undo(back, active ? "It pauses again" : "It scores again")), onError: toastError });
  };
  const columns: Column<Live>[] = [
    {
      key: "evaluator",
      head: "Evaluator",
      cell: (row) => (
        <span className="block min-w-0">
          <span className="flex flex-wrap items-center gap-2">
            <span className="font-medium wrap-anywhere">{row.evaluator}</span>
            {row.archived_at ? <Badge>archived</Badge> : row.active ? null : <Badge tone="warn">paused</Badge>}
          </span>
          <span className="block text-12 text-muted wrap-anywhere">{takes(row)}</span>
        </span>
      ),
    },
    { key: "cap", head: "Cap", width: "w-56", hideBelow: "md", cell: (row) => (row.cap ? <Progress label={`Spent of the cap of ${row.evaluator}`} done={row.cap.spent_nusd + row.cap.held_nusd} total={row.cap.limit_nusd} words={`${money(row.cap.spent_nusd)} of ${money(row.cap.limit_nusd)} ${PERIODS[row.cap.period] ?? ""}`} /> : <span className="text-muted">costs nothing</span>) },
    { key: "waiting", head: "Waiting", align: "end", width: "w-24", hideBelow: "sm", cell: (row) => (row.waiting >= 10_000 ? "10,000+" : count(row.waiting)) },
    { key: "scores", head: <span className="sr-only">Scores</span>, width: "w-20", hideBelow: "sm", cell: (row) => <TextLink to="/evaluators/scores" search={{ evaluator: row.evaluator_id }}>Scores</TextLink> },
    { key: "on", head: "On", width: "w-14", cell: (row) => (row.archived_at ? null : <span className="flex"><Switch hideLabel label={`${row.evaluator} scores ${takes(row)}`} checked={row.active} disabled={!may.edit} why={needs("editor")} onChange={(active) => turn(row, active)} /></span>) },
    ...(onEdit
      ? [
          {
            key: "act",
            head: <span className="sr-only">Act</span>,
            align: "end" as const,
            width: "w-12",
            cell: (row: Live) =>
              row.archived_at ? null : (
                <Menu
                  label={`What to do with ${row.evaluator}, ${takes(row)}`}
                  items={[
                    { label: may.edit ? "Change" : "Look at it", onSelect: () => onEdit(row) },
                    "-",
                    { label: "Archive", danger: true, disabled: !may.edit, hint: may.edit ? undefined : needs("editor"), onSelect: () => setEnding(row) },
                  ]}
                />
              ),
          },
        ]
      : []),
  ];
  return (
    <>
      <PagedTable
        label="Live evaluations"
        columns={columns}
        pages={pages}
        rowKey={(row) => row.id}
        onOpen={onEdit ? (row) => !row.archived_at && onEdit(row) : undefined}
        empty={
          <EmptyState icon={<Radio size={18} />} title={isOver ? "It scores no live traffic any more" : evaluator ? "It scores no live traffic yet" : "No live traffic is scored yet"} code={evaluator ? undefined : SCORE} action={isOver ? undefined : <ButtonLink to="/evaluators/live" search={evaluator ? { new: "1", evaluator } : { new: "1" }} off={!may.edit && needs("editor")}>Score live traffic</ButtonLink>}>
            {isOver ? "It is archived. The scores that it gave stay." : "People react to few answers. An evaluator looks at a share of all of them, and an alert is raised when what a label serves becomes worse."}
          </EmptyState>
        }
      />
      <ConfirmDialog
        open={ending !== null}
        onOpenChange={(open) => !open && (end.reset(), setEnding(null))}
        title="Archive this live evaluation?"
        submit="Archive it"
        busy={end.isPending}
        error={end.error}
        onSubmit={() => ending && end.mutate({ path: { live_evaluation_id: ending.id } }, { onSuccess: () => (toast(`${ending.evaluator} scores ${takes(ending)} no more`), setEnding(null)) })}
      >
        {ending ? `${ending.evaluator} takes nothing more of ${takes(ending)}${unscored(ending.waiting)}. Its scores stay.` : null}
      </ConfirmDialog>
    </>
  );
}
