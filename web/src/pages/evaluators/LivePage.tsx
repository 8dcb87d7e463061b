import { Plus } from "lucide-react";
import { useMemo } from "react";
import { useAll, usePages, useRead } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Button, Checkbox, Combobox, Section, Toolbar } from "@/kit";
import { flag, over, text, useUrlState } from "@/lib/url-state";
import { useCommands } from "@/shell/commands";
import { useHotkey } from "@/shell/keys";
import { EditLive } from "./EditLive";
import { Head } from "./Head";
import { LiveTable } from "./LiveTable";
import { liveOf } from "./live";
import { ScorePast } from "./ScorePast";
import { ScoringsTable } from "./ScoringsTable";

/** `edit`: the id of the one whose form is open; `new`: a form for another, of `evaluator` where one is chosen; `past`: one for runs that are past. */
const shape = { evaluator: text(), archived: flag(), new: over(flag()), edit: over(text()), past: over(flag()) };

/** Which share of live traffic which evaluator scores, and what that may cost. */
export default function LivePage() {
  const [{ evaluator, archived, new: making, edit, past }, set] = useUrlState(shape);
  const may = useMay();
  const known = useAll("/v1/evaluators", {}, { staleTime: 10_000 });
  const opened = useRead("/v1/live-evaluations/{live_evaluation_id}", { path: { live_evaluation_id: edit } }, { enabled: edit !== "" });
  const all = known.rows;
  // What comes below waits for the table, so that it does not move when that is there.
  const above = usePages("/v1/live-evaluations", liveOf(evaluator || null, archived));
  // A form is opened, and what stands in it is not here yet.
  const isComing = ((making || past) && may.edit && known.isLoading) || (edit !== "" && (known.isLoading || opened.isLoading));
  const add = () => set({ new: true, edit: "", past: false });
  const close = () => set({ new: false, edit: "", past: false });
  useCommands(useMemo(() => (may.edit ? [{ id: "new-live", label: "Score live traffic", keys: "n", run: () => set({ new: true, edit: "" }) }] : []), [may.edit, set]));
  useHotkey("n", add, may.edit && !making && !past && edit === "");
  return (
    <Head
      title="Live evaluations"
      subtitle="A share of what comes in is scored by itself: by rules that cost nothing, or by judges, up to a cap."
      actions={
        <Button variant="primary" icon={<Plus size={14} aria-hidden />} onClick={add} disabled={!may.edit} why={needs("editor")}>
          Score live traffic
        </Button>
      }
    >
      <Toolbar>
        <Combobox label="Evaluator" value={evaluator || null} clear="All evaluators" choices={(all ?? []).map((one) => ({ value: one.id, label: one.name }))} onChange={(next) => set({ evaluator: next ?? "" })} />
        <Checkbox label="Archived ones too" checked={archived} onChange={(event) => set({ archived: event.target.checked })} />
      </Toolbar>
      <LiveTable evaluator={evaluator || null} archived={archived} onEdit={(live) => set({ edit: live.id, new: false })} />
      {above.isPending ? null : (
        <Section
          title="Past runs"
          description="What came before is scored on demand, in the background and up to a limit."
          actions={
            <Button onClick={() => set({ past: true, new: false, edit: "" })} disabled={!may.edit} why={needs("editor")}>
              Score past runs
            </Button>
          }
        >
          <ScoringsTable evaluator={evaluator || null} />
        </Section>
      )}
      {isComing ? <div aria-busy /> : null}
      {making && may.edit && all ? <EditLive key="new" live={null} evaluators={all} evaluator={evaluator || null} onClose={close} /> : null}
      {past && may.edit && all ? <ScorePast evaluators={all} evaluator={evaluator || null} onClose={close} /> : null}
      {edit !== "" && opened.data && all ? <EditLive key={edit} live={opened.data} evaluators={all} evaluator={null} onClose={close} /> : null}
    </Head>
  );
}
