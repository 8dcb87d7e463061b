import { Coins } from "lucide-react";
import { useMemo } from "react";
import type { Schema } from "@/api/client";
import { useRead } from "@/api/hooks";
import { useExperimentNames, useKeyNames, useProviderKeyNames } from "@/api/keys";
import { BarList, XYChart } from "@/chart";
import { Behind, Breaking, Button, ButtonLink, type Column, DownloadButton, EmptyState, Figures, Loaded, Money, Notice, NumberCell, Select, SimulatedBadge, SkeletonTable, Table } from "@/kit";
import { count, money, percent, plural } from "@/lib/format";
import { oneOf, useUrlState } from "@/lib/url-state";
import { Views } from "@/pages/views/Views";
import { Filters, filtersOf } from "./Filters";
import { Head } from "./Head";
import { NoArms } from "./NoArms";
import { type Projection, monthSeries, monthStart, nameOf, runsOf } from "./figures";
import { RANGES, shape as common, isApart, windowsOf } from "./range";
import { HOUR_MS } from "./time";
import { useNow } from "@/lib/use-now";

type Row = Schema<"CostRow">;
const BY = ["prompt", "model", "version", "app", "api_key", "provider", "provider_key", "arm"] as const;
const WORDS = { prompt: "prompt", model: "model", version: "version", app: "app", api_key: "API key", provider: "provider", provider_key: "provider key", arm: "arm of an experiment" } as const;
const shape = { ...common, range: oneOf(["24h", "7d", "30d", "90d"], "30d"), by: oneOf(BY, "prompt") };
const MOST_BARS = 8;

/** Where the money went, and where the month will end. */
export default function CostsPage() {
  const [state, set] = useUrlState(shape);
  const { range, by } = state;
  const now = useNow(HOUR_MS);
  const { now: shown } = useMemo(() => windowsOf(range, now), [range, now]);
  const monthFrom = monthStart(now);
  // Apps, keys, providers and arms are not kept by model.
  const filters = filtersOf({ ...state, group: isApart(by) ? by : "none" });
  const query = { ...filters, from: shown.from, grain: shown.grain, group_by: by };
  const costs = useRead("/v1/analytics/costs", { query: { ...query, projection: true } }, { staleTime: 30_000, refetchInterval: 60_000 });
  const month = useRead("/v1/analytics/timeseries", { query: { ...filters, from: monthFrom, grain: "day" } }, { staleTime: 30_000, refetchInterval: 60_000 });
  const { names: apiKeys } = useKeyNames(by === "api_key");
  const providerKeys = useProviderKeyNames(by === "provider_key");
  const experiments = useExperimentNames(by === "arm");
  const series = useMemo(() => (month.data ? monthSeries(month.data.data, costs.data?.projection ?? null, Date.now()) : []), [month.data, costs.data]);
  const isFiltered = Boolean(state.prompt || state.model || state.traffic !== "live");
  const name = (group: string) => nameOf(by, group, by === "provider_key" ? providerKeys : by === "arm" ? experiments : apiKeys);
  const csv = new URLSearchParams(Object.entries({ ...query, format: "csv" }).filter((one): one is [string, string] => one[1] !== undefined));

  return (
    <Head title="Costs" actions={<Views place="costs" shape={shape} />}>
      <Filters state={{ ...state, group: isApart(by) ? by : "none" }} set={({ range: next, ...changed }) => set({ ...changed, ...(next && next !== "1h" ? { range: next } : {}) })}>
        <Select compact aria-label="Group by" value={by} onChange={(next) => set({ by: next })} options={BY.map((one) => ({ value: one, label: `By ${WORDS[one]}` }))} />
        <span className="flex items-center gap-2 sm:ml-auto">
          {costs.data?.data.some((row) => row.simulated) ? <SimulatedBadge /> : null}
          <DownloadButton path={`/v1/analytics/costs?${csv.toString()}`} name="costs.csv">
            CSV
          </DownloadButton>
        </span>
      </Filters>
      <Behind of={costs.data} />
      <Loaded of={costs} skeleton={<SkeletonTable columns={4} />}>
        {({ total_nusd, projection, data }) =>
          total_nusd === 0 && !projection?.spent_nusd ? (
            <EmptyState
              icon={<Coins size={18} />}
              title={isFiltered ? "Nothing was spent like this in this time" : "Nothing was spent in this time"}
              action={isFiltered ? <Button onClick={() => set({ prompt: "", model: "", traffic: "live" })}>Show all live traffic</Button> : <ButtonLink to="/playground">Open the playground</ButtonLink>}
            >
              Take a longer time, or run a prompt: what each call cost is here within seconds.
            </EmptyState>
          ) : (
            <>
              <Figures
                isStale={costs.isPlaceholderData}
                figures={[
                  { label: RANGES[range].label, value: money(total_nusd), note: runsOf(by, data) },
                  { label: `${monthName(now)} so far`, value: money(projection?.spent_nusd), note: projection ? `${plural(Math.ceil(projection.days_left), "day")} left` : undefined },
                  { label: "Expected at its end", value: money(projection?.expected_nusd), note: projection?.expected_nusd === null || !projection ? "too little is known" : `${money(projection.low_nusd)} – ${money(projection.high_nusd)}` },
                ]}
              />
              {projection ? <Trust projection={projection} /> : null}
              <h2 className="sr-only">Where it goes</h2>
              <div className="grid grid-cols-1 gap-4 lg:grid-cols-2">
                <XYChart title={`${monthName(now)}, day by day`} unit="dollars since the first of the month, UTC" kind="line" clock="utc" series={series} format={money} formatTick={money} isStale={month.isPlaceholderData} />
                {by === "arm" && data.length === 0 ? null : <BarList title={`By ${WORDS[by]}`} unit={RANGES[range].label} bars={data.slice(0, MOST_BARS).map((row) => ({ key: row.group, label: name(row.group), value: row.cost_nusd, note: percent(total_nusd ? row.cost_nusd / total_nusd : null, 0) }))} format={money} />}
              </div>
              {by === "arm" && data.length === 0 ? <NoArms /> : <Table label={`Costs by ${WORDS[by]}`} columns={columnsWith(WORDS[by], name, data.some((row) => row.projected))} rows={data} rowKey={(row) => row.group} isStale={costs.isPlaceholderData} />}
            </>
          )
        }
      </Loaded>
    </Head>
  );
}

function monthName(now: number): string {
  return new Date(now).toLocaleString("en-US", { month: "long", timeZone: "UTC" });
}

/** How far the projection can be trusted: what it got wrong in the past of this workspace. */
function Trust({ projection }: { projection: Projection }) {
  if (projection.expected_nusd === null) return <Notice>{`The month's end is not projected. ${projection.why_not ?? ""}`}</Notice>;
  const { backtest } = projection;
  return (
    <p className="text-13 text-muted">
      {`${percent(projection.confidence, 0)} of months should end within the interval. `}
      {backtest ? `On your own past it was off by ${percent(backtest.median_error, 0)} in the middle, and ${percent(backtest.coverage, 0)} of ${count(backtest.projections)} intervals held what came.` : "There is too little past to say how well it did."}
    </p>
  );
}

function columnsWith(head: string, name: (group: string) => string, hasProjection: boolean): Column<Row>[] {
  return [
    { key: "group", head: head[0]?.toUpperCase() + head.slice(1), cell: (row) => <Breaking text={name(row.group)} className="font-medium" /> },
    { key: "runs", head: "Runs", align: "end", width: "w-24", cell: (row) => <NumberCell value={row.executions} /> },
    { key: "input", head: "Input tokens", align: "end", width: "w-32", hideBelow: "md", cell: (row) => <NumberCell value={row.input_tokens} /> },
    { key: "output", head: "Output tokens", align: "end", width: "w-32", hideBelow: "md", cell: (row) => <NumberCell value={row.output_tokens} /> },
    { key: "each", head: "Per run", align: "end", width: "w-28", hideBelow: "sm", cell: (row) => <Money nusd={row.executions ? row.cost_nusd / row.executions : null} /> },
    { key: "cost", head: "Cost", align: "end", width: "w-28", cell: (row) => <Money nusd={row.cost_nusd} /> },
    ...(hasProjection
      ? [
          {
            key: "projected",
            head: "At the month's end",
            align: "end" as const,
            width: "w-44",
            hideBelow: "sm" as const,
            cell: (row: Row) => (row.projected ? <span title={`${money(row.projected.low_nusd)} – ${money(row.projected.high_nusd)}`}>{money(row.projected.expected_nusd)}<span className="block text-12 text-muted">{money(row.projected.low_nusd)} – {money(row.projected.high_nusd)}</span></span> : "–"),
          },
        ]
      : []),
  ];
}
