import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { Schema } from "@/api/client";
import { invalidate, useChange, useRead } from "@/api/hooks";
import { useKeyNames } from "@/api/keys";
import { needs, useMay } from "@/api/session";
import { type Series, XYChart } from "@/chart";
import { Badge, Breaking, Button, type Column, ConfirmDialog, DownloadButton, Duration, ErrorState, Money, NumberCell, Page, Percent, Section, SimulatedBadge, SkeletonTable, Table, TextLink, toast } from "@/kit";
import { compact, count, day, money, percent, plural, spaced } from "@/lib/format";
import { usePathParam } from "@/lib/pages";
import { endedWords, ending } from "@/pages/experiments/model";
import { Kpis } from "./Kpis";
import { OfExperiment } from "./OfExperiment";
import { nameOf, reportStepMs, wholeSeries } from "./figures";
import type { Group } from "./range";
import { DAY_MS } from "./time";
import { daysOf } from "./report";

type Content = Schema<"ReportContent">;
type Row = Schema<"BreakdownRow">;
const ORDER = ["prompt", "version", "label", "model", "app", "api_key"];
const HEADS: Record<string, string> = { prompt: "Prompt", version: "Version", label: "Label", model: "Model", app: "App", api_key: "API key" };

export default function ReportPage() {
  const id = usePathParam("id");
  const found = useRead("/v1/reports/{report_id}", { path: { report_id: id } }, { staleTime: 600_000 });
  const may = useMay();
  const navigate = useNavigate();
  const [asking, setAsking] = useState(false);
  const queries = useQueryClient();
  const remove = useChange("delete", "/v1/reports/{report_id}");
  // The list is read again once this page, whose report is gone, has closed.
  const leave = async () => {
    toast("The report is deleted");
    await navigate({ to: "/analytics/reports" });
    await invalidate(queries, ["/v1/reports"]);
  };
  const back = { to: "/analytics/reports", label: "Reports" };
  if (!found.data) {
    return (
      <Page title="Report" back={back}>
        {found.error ? <ErrorState error={found.error} onRetry={() => void found.refetch()} /> : <SkeletonTable columns={5} />}
      </Page>
    );
  }
  const report = found.data;
  return (
    <Page
      title={report.title}
      back={back}
      subtitle={
        <span className="flex flex-wrap items-center gap-2">
          {`${daysOf(report.from, report.to)}, made ${day(report.created_at)}`}
          {report.schedule ? <Badge>{report.schedule}</Badge> : null}
          {report.simulated ? <SimulatedBadge /> : null}
        </span>
      }
      actions={
        <>
          <Button onClick={() => setAsking(true)} disabled={!may.edit} why={needs("editor")}>
            Delete
          </Button>
          <DownloadButton path={`/v1/reports/${id}?format=csv`} name="report.csv">
            CSV
          </DownloadButton>
        </>
      }
    >
      <p className="max-w-[80ch]">{spaced(endedWords(report.summary))}</p>
      <Sections content={report.content} ends={[Date.parse(report.from), Date.parse(report.to)]} />
      <ConfirmDialog
        open={asking}
        onOpenChange={setAsking}
        title="Delete this report?"
        submit="Delete"
        busy={remove.isPending}
        error={remove.error}
        onSubmit={() =>
          remove.mutate(
            { path: { report_id: id } },
            {
              onSuccess: () => void leave(),
            },
          )
        }
      >
        The figures stay; a new report of the same time can be made.
      </ConfirmDialog>
    </Page>
  );
}

function Sections({ content, ends }: { content: Content; ends: readonly [number, number] }) {
  const { names: keyNames } = useKeyNames("api_key" in content.breakdowns);
  const breakdowns = ORDER.flatMap((by) => (content.breakdowns[by]?.length ? [[by, content.breakdowns[by]] as const] : []));
  const stepMs = reportStepMs(ends[1] - ends[0]);
  const over = { ends, stepMs };
  const runs: Series[] = [wholeSeries(content.series as never, "Runs", 2, { measure: "runs", ...over })];
  const liked: Series[] = [wholeSeries(content.series as never, "Satisfaction", 4, { measure: "satisfaction", ...over })];
  const { projection } = content;
  const clock = stepMs === DAY_MS ? "utc" : "local";
  return (
    <>
      {content.experiment ? <OfExperiment experiment={content.experiment} /> : null}
      <Kpis of={content.figures} before={content.before.executions > 0 ? content.before : undefined} />
      {content.before.executions > 0 ? <p className="-mt-3 text-12 text-muted">Below each figure: how it differs from the time of the same length before.</p> : null}
      <h2 className="sr-only">Over the time</h2>
      <div className="grid grid-cols-1 gap-4 lg:grid-cols-2">
        <XYChart title="Runs" unit="over the time" kind="bars" clock={clock} series={runs} counts format={count} formatTick={compact} />
        <XYChart title="Satisfaction" unit="share of reactions, with 95 % interval" clock={clock} series={liked} format={percent} formatTick={(value) => percent(value, 0)} range={[0, 1]} />
      </div>
      {projection ? (
        <p className="text-13 text-muted">
          {projection.expected_nusd === null ? `The month's end was not projected: ${projection.why_not ?? "too little was known"}` : `The month was expected to end at ${money(projection.expected_nusd)}, within ${money(projection.low_nusd)} – ${money(projection.high_nusd)} in ${percent(projection.confidence, 0)} of cases.`}
        </p>
      ) : null}
      {breakdowns.map(([by, rows]) => (
        <Section key={by} title={`By ${(HEADS[by] ?? by).replace(/^[A-Z](?![A-Z])/, (letter) => letter.toLowerCase())}`}>
          <Table label={`By ${by}`} columns={columnsOf(by, (group) => nameOf(by as Group, group, keyNames))} rows={rows} rowKey={(row) => row.group} />
        </Section>
      ))}
      {content.alerts.length > 0 ? (
        <Section title={plural(content.alert_count, "alert")}>
          <Table label="Alerts" columns={ALERTS} rows={content.alerts} rowKey={(row) => row.alert_id} rowLink={(row) => ({ to: `/alerts/${row.alert_id}` })} />
        </Section>
      ) : null}
      {content.experiments?.length ? (
        <Section title="Experiments that ended">
          <Table label="Experiments that ended" columns={ENDED} rows={content.experiments} rowKey={(row) => row.experiment_id} rowLink={(row) => ({ to: `/experiments/${row.experiment_id}` })} />
        </Section>
      ) : null}
      {content.test_runs.length > 0 ? (
        <Section title="Test runs that ended">
          <Table label="Test runs" columns={RUNS} rows={content.test_runs} rowKey={(row) => row.test_run_id} rowLink={(row) => ({ to: `/test-runs/${row.test_run_id}` })} />
        </Section>
      ) : null}
      {content.failure_groups.length > 0 ? (
        <Section title="Failures" actions={<TextLink to="/analytics/failures">As they are now</TextLink>}>
          <Table label="Failures" columns={FAILURES} rows={content.failure_groups} rowKey={(row) => `${row.prompt} ${row.name}`} />
        </Section>
      ) : null}
    </>
  );
}

function columnsOf(by: string, name: (group: string) => string): Column<Row>[] {
  return [
    { key: "group", head: HEADS[by] ?? by, cell: (row) => <Breaking text={name(row.group)} className="block min-w-24 font-medium wrap-anywhere" /> },
    { key: "runs", head: "Runs", align: "end", width: "w-24", cell: (row) => <NumberCell value={row.executions} /> },
    { key: "satisfaction", head: "Satisfaction", align: "end", width: "w-36", cell: (row) => <Percent share={row.satisfaction?.value} low={row.satisfaction?.low} high={row.satisfaction?.high} samples={row.satisfaction?.samples} show="below" className="items-end" /> },
    { key: "success", head: "Success", align: "end", width: "w-24", hideBelow: "sm", cell: (row) => <Percent share={row.success_rate} /> },
    { key: "p95", head: "p95", align: "end", width: "w-20", hideBelow: "sm", cell: (row) => <Duration ms={row.p95_ms} /> },
    { key: "cost", head: "Cost", align: "end", width: "w-28", cell: (row) => <Money nusd={row.cost_nusd} /> },
  ];
}

const ALERTS: Column<Content["alerts"][number]>[] = [
  { key: "summary", head: "Alert", cell: (row) => <span className="wrap-anywhere">{spaced(row.summary)}</span> },
  { key: "raised", head: "Raised", align: "end", width: "w-32", cell: (row) => day(row.raised_at) },
];

const ENDED: Column<NonNullable<Content["experiments"]>[number]>[] = [
  { key: "name", head: "Experiment", cell: (row) => <Breaking text={row.name} className="font-medium" /> },
  { key: "prompt", head: "Prompt", width: "w-36", hideBelow: "sm", cell: (row) => row.prompt },
  { key: "sentence", head: "What came of it", hideBelow: "sm", cell: (row) => <span className="wrap-anywhere">{spaced(endedWords(row.sentence))}</span> },
  { key: "outcome", head: "Outcome", width: "w-32", cell: (row) => <Badge tone={ending(row).tone}>{ending(row).word}</Badge> },
  { key: "ended", head: "Ended", align: "end", width: "w-28", cell: (row) => day(row.completed_at) },
];

const RUNS: Column<Content["test_runs"][number]>[] = [
  { key: "prompt", head: "Prompt or chain", cell: (row) => <span className="font-medium">{`${row.prompt ?? row.chain} v${row.version}`}</span> },
  { key: "model", head: "Model", hideBelow: "sm", cell: (row) => row.model ?? "of its steps" },
  { key: "items", head: "Answers", align: "end", width: "w-24", cell: (row) => count(row.total) },
  { key: "accuracy", head: "Right", align: "end", width: "w-24", cell: (row) => percent(row.accuracy) },
];

const FAILURES: Column<Content["failure_groups"][number]>[] = [
  { key: "name", head: "What they have in common", cell: (row) => <span className="wrap-anywhere">{row.name}</span> },
  { key: "prompt", head: "Prompt", hideBelow: "sm", cell: (row) => row.prompt },
  { key: "size", head: "Failures", align: "end", width: "w-24", cell: (row) => count(row.size) },
  { key: "share", head: "Share", align: "end", width: "w-20", cell: (row) => percent(row.share, 0) },
];
