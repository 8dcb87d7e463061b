import { useQueries } from "@tanstack/react-query";
import { Gauge } from "lucide-react";
import { useMemo, useState } from "react";
import type { Schema } from "@/api/client";
import { keyOf, read, usePages, useRead } from "@/api/hooks";
import { useKeyNames } from "@/api/keys";
import { needs, useMay } from "@/api/session";
import { XYChart } from "@/chart";
import { After, Breaking, Button, type Column, EmptyState, Figures, Loaded, Money, Notice, NumberCell, PagedTable, Section, Segments, Select, SimulatedBadge, SimulatedMark, SkeletonTable, TextLink } from "@/kit";
import { day, money, plural } from "@/lib/format";
import { oneOf, useUrlState } from "@/lib/url-state";
import { asApiError } from "@/api/errors";
import { useNow } from "@/lib/use-now";
import { GrantDialog } from "./GrantDialog";
import { Head } from "./Head";
import { Rates } from "./Rates";
import { WarningDialog } from "./WarningDialog";
import { DAY_MS, type Moved, type Spent, balances, burnSeries, daysLeft, everyMove, paceOf } from "./burn";

type Credits = Schema<"CreditsAnswer">;
type Row = Schema<"UsageRow">;

const BY = ["prompt", "api_key", "provider_key", "model", "day", "end_user"] as const;
type By = (typeof BY)[number];
const WORDS: Record<By, string> = { prompt: "Prompt", api_key: "API key", provider_key: "Provider key", model: "Model", day: "Day", end_user: "End user" };
const shape = { by: oneOf(BY, "prompt"), days: oneOf(["7", "30", "90"], "30") };
const FRESH = { staleTime: 30_000, refetchInterval: 60_000 };
const A_YEAR = 365;
const MINUTE_MS = 60_000;
const NUSD_PER_USD = 1e9;

/** Credits, how long they last, and what used them. */
export default function UsagePage() {
  const credits = useRead("/v1/credits", {}, FRESH);
  return (
    <Head title="Usage and plan" subtitle="Credit, how long it lasts, and what used it.">
      <Loaded of={credits} skeleton={<SkeletonTable columns={4} rows={5} />}>
        {(found) => <Left credits={found} />}
      </Loaded>
      <After what={Boolean(credits.data ?? credits.error)}>
        <By />
        <Rates />
      </After>
    </Head>
  );
}

function Left({ credits }: { credits: Credits }) {
  const [warning, setWarning] = useState(false);
  const [granting, setGranting] = useState(false);
  const may = useMay();
  const now = useNow(MINUTE_MS);
  const month = new Date(now).toISOString().slice(0, 7);
  const startMs = Date.parse(`${month}-01T00:00:00Z`);
  const endMs = monthEnd(now);
  const statement = useRead("/v1/usage/statement", {}, FRESH);
  const byDay = useRead("/v1/usage", { query: { group_by: ["day"], from: `${month}-01`, limit: 200 } }, FRESH);
  const costs = useRead("/v1/analytics/costs", { query: { group_by: "model", projection: true } }, { staleTime: 300_000 });
  const { moved, ...moves } = useMoved(statement.data, `${month}-01T00:00:00Z`);
  // Half of it would be drawn as another balance.
  const isRead = !byDay.isPending && !moves.isPending;
  const failed = [statement, byDay, { ...moves, data: undefined }].find((one) => one.error && !one.data);
  const spent = useMemo(() => (byDay.data?.data ?? []).map((row): Spent => ({ day: row.group["day"] ?? "", cost_nusd: row.cost_nusd })), [byDay.data]);
  const pace = paceOf(spent, costs.data?.projection ?? null, now);
  const lasts = daysLeft(credits.available_nusd, pace?.perDay);
  const charged = -(statement.data?.lines.find((line) => line.kind === "charge")?.amount_nusd ?? 0);
  const series = useMemo(
    () => (statement.data && isRead ? burnSeries(balances(statement.data.opening_balance_nusd, charged, spent, moved, startMs, now), credits.available_nusd, pace, now, endMs) : []),
    [statement.data, isRead, charged, spent, moved, startMs, now, credits.available_nusd, pace, endMs],
  );
  const { below_nusd: below } = credits;
  return (
    <>
      {failed ? (
        <Notice tone="warn" title="This month could not be read as a whole." action={<Button size="s" onClick={() => void failed.refetch()}>Try again</Button>}>
          {asApiError(failed.error).message} What is missing below is not nothing.
        </Notice>
      ) : null}
      <Figures
        label="Credit"
        figures={[
          { label: "Credit left", value: money(credits.available_nusd), note: credits.held_nusd > 0 ? `${money(credits.held_nusd)} more held by calls under way` : "nothing held" },
          { label: "Spent this month", value: money(statement.data?.charges.total_nusd), note: statement.data ? `${plural(statement.data.charges.models.reduce((sum, one) => sum + one.executions, 0), "run")} in all` : " " },
          { label: "A day costs", value: pace ? money(pace.perDay) : "–", note: pace ? (pace.low === null ? `mean of ${plural(pace.days, "day")}` : `${money(pace.low)} – ${money(pace.high)}`) : charged > 0 ? "its days are still being counted" : "nothing spent yet" },
          { label: "Lasts until", value: lasts === null ? "–" : lasts > A_YEAR ? "over a year" : day(now + lasts * DAY_MS), note: lasts === null ? "at no pace yet" : lasts > A_YEAR ? "at this pace" : `${plural(Math.floor(lasts), "day")} at this pace` },
        ]}
      />
      <div className="flex flex-wrap items-center justify-between gap-3">
        <p className="text-13 text-muted">{below === null ? "Nobody is warned before credit runs out." : `You are warned when less than ${money(below)} is left.`}</p>
        <span className="flex flex-wrap items-center gap-2">
          {statement.data?.charges.simulated ? <SimulatedBadge /> : null}
          <Button size="s" onClick={() => setWarning(true)} disabled={!may.admin} why={needs("admin")}>
            {below === null ? "Set a warning" : "Change the warning"}
          </Button>
          <Button size="s" onClick={() => setGranting(true)} disabled={!may.operator} why={needs("operator")}>
            Add credit
          </Button>
        </span>
      </div>
      <h2 className="sr-only">This month</h2>
      <XYChart title="Credit this month" unit="dollars left at the end of each day, UTC" series={series} format={money} formatTick={money} topOfNothing={NUSD_PER_USD} keepsLegend reference={below === null ? undefined : { value: below, label: "warning" }} clock="utc" height={190} isStale={statement.isPlaceholderData} />
      {granting ? <GrantDialog onClose={() => setGranting(false)} /> : null}
      <WarningDialog open={warning} onOpenChange={setWarning} below={below} />
    </>
  );
}

function monthEnd(now: number): number {
  const today = new Date(now);
  return Date.UTC(today.getUTCFullYear(), today.getUTCMonth() + 1, 1);
}

/** Credit that came or went this month otherwise than by charges, with its moment: the statement says which kinds there are. */
function useMoved(statement: Schema<"StatementAnswer"> | undefined, from: string): { moved: Moved[]; isPending: boolean; error: Error | null; refetch: () => unknown } {
  const lines = (statement?.lines ?? []).filter((line) => line.kind !== "charge");
  return useQueries({
    queries: lines.map((line) => {
      const query = { kind: line.kind as Schema<"TransferAnswer">["kind"], from, limit: 200 };
      const page = (cursor: string | null) => read("/v1/credits/transfers", { query: { ...query, ...(cursor ? { cursor } : {}) } });
      // The sum is in the key: what the statement counts and what is read here are of one time.
      return { queryKey: keyOf("/v1/credits/transfers", { query, sum: line.amount_nusd }), queryFn: () => everyMove(page, { sum: line.amount_nusd, from }), staleTime: 60_000 };
    }),
    combine: (answers) => ({
      moved: answers.flatMap((one) => one.data ?? []),
      isPending: answers.some((one) => one.isPending),
      error: answers.find((one) => one.error && !one.data)?.error ?? null,
      refetch: () => Promise.all(answers.map((one) => (one.error ? one.refetch() : null))),
    }),
  });
}

function By() {
  const [{ by, days }, set] = useUrlState(shape);
  const { names } = useKeyNames();
  const now = useNow(MINUTE_MS);
  const pages = usePages("/v1/usage", { query: { group_by: [by], from: new Date(now - (Number(days) - 1) * DAY_MS).toISOString().slice(0, 10) } }, FRESH);
  const columns: Column<Row>[] = [
    { key: "group", head: WORDS[by], cell: (row) => <span className="flex flex-wrap items-center gap-1.5"><Name by={by} row={row} names={names} />{row.simulated ? <SimulatedMark /> : null}</span> },
    { key: "runs", head: "All runs", align: "end", width: "w-24", cell: (row) => <NumberCell value={row.executions} /> },
    { key: "input", head: "Input tokens", align: "end", width: "w-32", hideBelow: "md", cell: (row) => <NumberCell value={row.input_tokens} /> },
    { key: "output", head: "Output tokens", align: "end", width: "w-32", hideBelow: "md", cell: (row) => <NumberCell value={row.output_tokens} /> },
    { key: "each", head: "Per run", align: "end", width: "w-28", hideBelow: "sm", cell: (row) => <Money nusd={row.executions ? row.cost_nusd / row.executions : null} /> },
    { key: "cost", head: "Cost", align: "end", width: "w-28", cell: (row) => <Money nusd={row.cost_nusd} /> },
  ];
  return (
    <Section
      title="What used credit"
      description="All runs: calls of your applications, the playground, tests and searches. Those of tests and searches stand at their prompt."
      actions={
        <>
          <div className="flex max-w-[calc(100dvw-2rem)] overflow-x-auto whitespace-nowrap md:max-w-full">
            <Segments label="Group by" value={by} onChange={(next) => set({ by: next })} options={BY.map((one) => ({ value: one, label: WORDS[one] }))} />
          </div>
          <Select compact aria-label="Time" value={days} onChange={(next) => set({ days: next })} options={(["7", "30", "90"] as const).map((one) => ({ value: one, label: `Last ${one} days` }))} />
        </>
      }
    >
      <PagedTable label={`Usage by ${WORDS[by].toLowerCase()}`} columns={columns} pages={pages} rowKey={(row) => JSON.stringify(row.group)} empty={<EmptyState icon={<Gauge size={18} />} title="Nothing was used in this time" code={'curl "$URL/v1/usage?group_by=prompt" -H "Authorization: Bearer $KEY"'} />} />
    </Section>
  );
}

function Name({ by, row, names }: { by: By; row: Row; names: ReadonlyMap<string, string> }) {
  const value = row.group[by] ?? "";
  if (by === "day") return <span className="numeric">{day(value)}</span>;
  if (value === "") return <span className="text-muted">{by === "prompt" ? "no prompt" : by === "api_key" ? "signed in, or a job" : by === "provider_key" ? "no key of yours" : "not named"}</span>;
  if (by === "prompt") return <TextLink to={`/prompts/${value}`}><Breaking text={value} /></TextLink>;
  return <Breaking text={row.name ?? (by === "api_key" ? (names.get(value) ?? value) : value)} className="font-medium wrap-break-word" />;
}
