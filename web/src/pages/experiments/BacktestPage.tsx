import { Pause, Play, Square } from "lucide-react";
import { useState } from "react";
import type { Schema } from "@/api/client";
import { useChange, useRead } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Button, type Column, ConfirmDialog, EmptyState, Facts, Loaded, Money, Page, RelativeTime, Section, SimulatedBadge, StatusBadge, Table, TextLink, toast, toastError } from "@/kit";
import { Progress } from "@/kit/Progress";
import { usePathParam } from "@/lib/pages";
import { count, day, duration, money, percent } from "@/lib/format";
import { type Backtest, armsOf, isGoingOn } from "./backtest";

const OLD = ["/v1/experiments/backtests", "/v1/credits"];

export default function BacktestPage() {
  const id = usePathParam("id");
  const [watched, setWatched] = useState(true);
  const found = useRead("/v1/experiments/backtests/{backtest_id}", { path: { backtest_id: id } }, { refetchInterval: watched ? 2_000 : false });
  const one = found.data;
  const goesOn = one !== undefined && isGoingOn(one.status);
  if (one && watched !== goesOn) setWatched(goesOn);
  return (
    <Page
      title={one ? `Backtest of ${one.prompt}` : "Backtest"}
      back={{ to: "/experiments/backtests", label: "Backtests" }}
      heading={
        one ? (
          <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <span>
              Backtest of <span className="font-mono text-20">{one.prompt}</span>
            </span>
            <StatusBadge status={one.status} />
            {one.simulated ? <SimulatedBadge /> : null}
          </span>
        ) : undefined
      }
      subtitle={
        one ? (
          <span className="text-13">
            {armsOf(one.arms)} on calls of {day(one.window_from)} to {day(one.window_to)} · started <RelativeTime at={one.created_at} />
          </span>
        ) : undefined
      }
      actions={one ? <Acts backtest={one} /> : null}
    >
      <Loaded of={found}>{(backtest) => <Content backtest={backtest} />}</Loaded>
    </Page>
  );
}

function Acts({ backtest }: { backtest: Backtest }) {
  const [asking, setAsking] = useState(false);
  const may = useMay();
  const path = { batch_id: backtest.batch_id };
  const pause = useChange("post", "/v1/batches/{batch_id}/pause", { invalidates: OLD });
  const resume = useChange("post", "/v1/batches/{batch_id}/resume", { invalidates: OLD });
  const cancel = useChange("post", "/v1/batches/{batch_id}/cancel", { invalidates: OLD });
  if (!isGoingOn(backtest.status) && backtest.status !== "paused") return null;
  const submit = () => cancel.mutate({ path }, { onSuccess: () => { setAsking(false); toast("The backtest stops; what was not spent comes back"); } }); // prettier-ignore
  return (
    <>
      {backtest.status === "paused" ? (
        <Button icon={<Play size={14} aria-hidden />} busy={resume.isPending} disabled={!may.edit} why={needs("editor")} onClick={() => resume.mutate({ path, body: null }, { onError: toastError })}>
          Resume
        </Button>
      ) : (
        <Button icon={<Pause size={14} aria-hidden />} busy={pause.isPending} disabled={!may.edit} why={needs("editor")} onClick={() => pause.mutate({ path }, { onError: toastError })}>
          Pause
        </Button>
      )}
      <Button icon={<Square size={12} aria-hidden />} disabled={!may.edit} why={needs("editor")} onClick={() => setAsking(true)}>
        Cancel
      </Button>
      <ConfirmDialog open={asking} onOpenChange={setAsking} title="Cancel this backtest?" submit="Cancel the backtest" onSubmit={submit} busy={cancel.isPending} error={cancel.error}>
        What was answered stays readable. <Money nusd={backtest.cost_nusd} /> are spent.
      </ConfirmDialog>
    </>
  );
}

type Figures = Schema<"BacktestFigures">;

const COLUMNS: Column<Figures>[] = [
  {
    key: "arm",
    head: "Arm",
    cell: (row) => (
      <span className="block min-w-0 py-1">
        <span className="block font-mono font-medium wrap-anywhere">{row.arm}</span>
        <span className="block text-12 text-muted wrap-anywhere">{[`v${row.version}`, row.model].filter(Boolean).join(" with ")}</span>
      </span>
    ),
  },
  { key: "answered", head: "Answered", align: "end", width: "w-24", cell: (row) => count(row.answered) },
  { key: "success", head: "Succeeded", align: "end", width: "w-24", hideBelow: "sm", cell: (row) => (row.answered > 0 ? percent(row.successes / row.answered) : "–") },
  { key: "cost", head: "Cost, then → now", align: "end", width: "w-44", cell: (row) => `${money(row.before_mean_cost_nusd)} → ${money(row.mean_cost_nusd)}` },
  { key: "latency", head: "Latency, then → now", align: "end", width: "w-48", hideBelow: "md", cell: (row) => `${duration(row.before_mean_latency_ms)} → ${duration(row.mean_latency_ms)}` },
  { key: "tokens", head: "Tokens, then → now", align: "end", width: "w-44", hideBelow: "lg", cell: (row) => `${count(row.before_mean_output_tokens)} → ${count(row.mean_output_tokens)}` },
  { key: "same", head: "Same answer", align: "end", width: "w-28", hideBelow: "sm", cell: (row) => percent(row.same_answer) },
];

function Content({ backtest }: { backtest: Backtest }) {
  return (
    <div className="flex min-w-0 flex-col gap-8">
      {isGoingOn(backtest.status) ? <Progress label="Answers" done={backtest.done} total={backtest.total} words={`${count(backtest.done)} of ${count(backtest.total)} answers`} /> : null}
      <Section title="Beside what was answered then" description="Of each input that it has answered. Letter for letter the same is a lower bound of what is as good.">
        {backtest.figures && backtest.figures.length > 0 ? <Table label="Arms" columns={COLUMNS} rows={backtest.figures} rowKey={(row) => row.arm} /> : <EmptyState title={isGoingOn(backtest.status) ? "Nothing answered yet" : "Nothing was answered"} />}
      </Section>
      <Section title="About it">
        <Facts
          facts={[
            ["Inputs", `${count(backtest.inputs)} of ${count(backtest.found)} calls`],
            ["Cost so far", <Money key="c" nusd={backtest.cost_nusd} />],
            ["At most", <Money key="m" nusd={backtest.set_aside_nusd} />],
            backtest.experiment_id ? ["For", <TextLink key="e" to={`/experiments/${backtest.experiment_id}`}>an experiment</TextLink>] : null,
            backtest.pause_reason ? ["Paused because", backtest.pause_reason] : null,
            ["Batch", <span key="b" className="font-mono text-12 break-all">{backtest.batch_id}</span>],
          ]}
        />
      </Section>
    </div>
  );
}
