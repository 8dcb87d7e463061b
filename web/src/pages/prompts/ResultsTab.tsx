import { useMemo } from "react";
import { useCourse } from "@/api/course";
import { type Answer, usePages, useRead } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { type Annotation, Intervals, XYChart } from "@/chart";
import { After, Badge, Behind, ButtonLink, type Column, Duration, EmptyState, Figures, Loaded, Money, NumberCell, Percent, Segments, Select, SimulatedBadge, Skeleton, Table, Toolbar } from "@/kit";
import { compact, count, duration, money, percent, percentRange } from "@/lib/format";
import { oneOf, useUrlState } from "@/lib/url-state";
import { DAY_MS, type GroupFigures, failedOf, since } from "./figures";
import { UsedVersions } from "./UsedVersions";
import { MEASURES, type Measure, intervalsOf, seriesOf, versionOf } from "./results";

const RANGES = { "24h": { label: "24 hours", ms: DAY_MS, grain: "hour" }, "7d": { label: "7 days", ms: 7 * DAY_MS, grain: "hour" }, "30d": { label: "30 days", ms: 30 * DAY_MS, grain: "day" }, "90d": { label: "90 days", ms: 90 * DAY_MS, grain: "day" } } as const;
type RangeName = keyof typeof RANGES;
const RANGE_NAMES = Object.keys(RANGES) as RangeName[];
const shape = { range: oneOf(RANGE_NAMES, "7d"), measure: oneOf(MEASURES, "satisfaction"), traffic: oneOf(["live", "batch"], "live") };
const MINUTE_MS = 60_000;
/** More versions than a chart has lines for. */
const DRAWN = 10;
const FRESH = { staleTime: 30_000 };

const WORDS: Record<Measure, { title: string; unit: string; format: (value: number) => string; tick: (value: number) => string; range?: readonly [number, number] }> = {
  satisfaction: { title: "Satisfaction", unit: "share of reactions, with 95 % interval", format: percent, tick: (value) => percent(value, 0), range: [0, 1] },
  success: { title: "Success", unit: "share of runs", format: percent, tick: (value) => percent(value, 0), range: [0, 1] },
  p95: { title: "p95 latency", unit: "time that 95 of 100 runs stay below", format: duration, tick: duration },
  cost: { title: "Cost per run", unit: "dollars, on average", format: money, tick: money },
  runs: { title: "Runs", unit: "per step", format: count, tick: compact },
};

/** How each version does: figures with their intervals, over time, and beside each other. */
export function ResultsTab({ slug, labels }: { slug: string; labels: Record<string, number> }) {
  const [{ range, measure, traffic }, set] = useUrlState(shape);
  const { ms, grain } = RANGES[range];
  const { edit, held } = useMay();
  const from = since(ms);
  const all = useRead("/v1/analytics/groups", { query: { group_by: "prompt", prompt: [slug], from, traffic } }, FRESH);
  const versions = useRead("/v1/analytics/groups", { query: { group_by: "version", prompt: [slug], from, traffic } }, FRESH);
  return (
    <div className="flex flex-col gap-5">
      <Toolbar>
        <Select compact aria-label="Range" value={range} onChange={(next) => set({ range: next })} options={RANGE_NAMES.map((one) => ({ value: one, label: `Last ${RANGES[one].label}` }))} />
        <Segments
          label="Traffic"
          value={traffic}
          onChange={(next) => set({ traffic: next })}
          options={[
            { value: "live", label: "Live" },
            { value: "batch", label: "Test runs" },
          ]}
        />
        {all.data?.data[0]?.simulated ? <SimulatedBadge /> : null}
        <ButtonLink to="/runs" search={{ prompt: slug }} className="sm:ml-auto">
          Runs
        </ButtonLink>
        <ButtonLink to="/optimize" search={{ prompt: slug, start: true }} off={held ?? (!edit && needs("editor"))}>
          Search for a better version
        </ButtonLink>
      </Toolbar>
      <Behind of={all.data} />
      <Loaded of={all}>
        {(found) => {
          const whole = found.data[0];
          return whole ? (
            <>
              <Whole of={whole} isStale={all.isPlaceholderData} />
              <Loaded of={versions}>{(each) => <ByVersion slug={slug} versions={each.data} labels={labels} grain={grain} from={from} traffic={traffic} measure={measure} onMeasure={(next) => set({ measure: next })} isStale={versions.isPlaceholderData} />}</Loaded>
            </>
          ) : (
            <EmptyState title={traffic === "live" ? "Not run in this time" : "Not tested in this time"} code={traffic === "live" ? `curl $URL/v1/executions -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \\\n  -d '{"prompt": "${slug}", "variables": {}}'` : undefined}>
              Take a longer time, or run it.
            </EmptyState>
          );
        }}
      </Loaded>
      <After what={Boolean(all.data ?? all.error) && Boolean(versions.data ?? versions.error)}>
        <UsedVersions slug={slug} />
      </After>
    </div>
  );
}

function Whole({ of, isStale }: { of: GroupFigures; isStale: boolean }) {
  const { satisfaction } = of;
  return (
    <Figures
      isStale={isStale}
      figures={[
        { label: "Runs", value: count(of.executions), note: `${count(failedOf(of))} failed` },
        { label: "Satisfaction", value: percent(satisfaction?.value), note: satisfaction ? `${percentRange(satisfaction.low, satisfaction.high)}, n ${count(satisfaction.samples)}` : "no reactions" },
        { label: "Success", value: percent(of.success_rate), note: `${count(of.blocked)} blocked` },
        { label: "p95 latency", value: duration(of.latency.p95_ms), note: `p50 ${duration(of.latency.p50_ms)}` },
        { label: "Cost", value: money(of.cost_nusd), note: `${money(of.mean_cost_nusd)} per run` },
      ]}
    />
  );
}

type ByVersionProps = { slug: string; versions: GroupFigures[]; labels: Record<string, number>; grain: "hour" | "day"; from: string; traffic: "live" | "batch"; measure: Measure; onMeasure: (measure: Measure) => void; isStale: boolean };

function ByVersion({ slug, versions, labels, grain, from, traffic, measure, onMeasure, isStale }: ByVersionProps) {
  const now = Date.now();
  const { of: steps, span, isNear } = useCourse({ group_by: "version", groups: DRAWN, prompt: slug, traffic }, { from, fromMs: Date.parse(from), toMs: now, grain, stepMs: DAY_MS }, FRESH);
  const [fromMs, toMs] = [span.fromMs, isNear ? Math.min(span.toMs, now) : now];
  const moves = usePages("/v1/prompts/{slug}/labels/{label}/history", { path: { slug, label: "production" } });
  const words = WORDS[measure];
  const series = useMemo(() => seriesOf((steps.data as Answer<"/v1/analytics/timeseries"> | undefined)?.data ?? [], measure, versions, [fromMs, Math.ceil(toMs / MINUTE_MS) * MINUTE_MS]), [steps.data, measure, versions, fromMs, toMs]);
  const annotations = useMemo(() => moves.rows.map((move): Annotation => ({ x: Date.parse(move.moved_at), label: move.version === null ? "production removed" : `production is v${move.version}` })), [moves.rows]);
  const rows = useMemo(() => [...versions].sort((a, b) => (versionOf(b.group) ?? 0) - (versionOf(a.group) ?? 0)), [versions]);
  const liked = intervalsOf(versions, series);
  return (
    <>
      <div className="flex flex-col gap-3">
        <h2 className="sr-only">Version by version</h2>
        <div className="max-w-full self-start overflow-x-auto">
          <Segments label="Measure" value={measure} onChange={onMeasure} options={MEASURES.map((one) => ({ value: one, label: WORDS[one].title.replace(" latency", "").replace(" per run", "") }))} />
        </div>
        <div className="grid grid-cols-1 gap-4 lg:grid-cols-[minmax(0,1fr)_24rem]">
          <Loaded of={steps} skeleton={<Skeleton className="h-71.75" />}>{() => <XYChart title={`${words.title} by version`} unit={`${words.unit}, by ${span.grain}`} kind={measure === "runs" ? "bars" : "line"} series={series} format={words.format} formatTick={words.tick} range={words.range} clock={grain === "day" ? "utc" : "local"} annotations={annotations} isStale={steps.isPlaceholderData} />}</Loaded>
          {liked.length > 0 ? <Intervals title="Satisfaction, all in all" unit="95 % interval; what overlaps is not told apart" rows={liked} format={percent} formatTick={(value) => percent(value, 0)} range={[0, 1]} /> : null}
        </div>
      </div>
      <Table label="By version" columns={columnsWith(labels)} rows={rows} rowKey={(row) => row.group} rowLink={(row) => ({ to: `/prompts/${slug}`, search: { tab: "versions", v: String(versionOf(row.group) ?? "") } })} isStale={isStale} />
    </>
  );
}

function columnsWith(labels: Record<string, number>): Column<GroupFigures>[] {
  return [
    {
      key: "version",
      head: "Version",
      cell: (row) => (
        <span className="flex flex-wrap items-center gap-1.5">
          <span className="numeric font-medium">v{versionOf(row.group)}</span>
          {Object.entries(labels).map(([label, version]) =>
            version === versionOf(row.group) ? (
              <Badge key={label} tone={label === "production" ? "ok" : "neutral"}>
                {label}
              </Badge>
            ) : null,
          )}
        </span>
      ),
    },
    { key: "runs", head: "Runs", align: "end", cell: (row) => <NumberCell value={row.executions} /> },
    { key: "satisfaction", head: "Satisfaction", align: "end", cell: (row) => <Percent share={row.satisfaction?.value} low={row.satisfaction?.low} high={row.satisfaction?.high} samples={row.satisfaction?.samples} show="below" className="items-end" /> },
    { key: "success", head: "Success", align: "end", hideBelow: "sm", cell: (row) => <Percent share={row.success_rate} /> },
    { key: "p50", head: "p50", align: "end", hideBelow: "md", cell: (row) => <Duration ms={row.latency.p50_ms} /> },
    { key: "p95", head: "p95", align: "end", hideBelow: "sm", cell: (row) => <Duration ms={row.latency.p95_ms} /> },
    { key: "cost", head: "Cost per run", align: "end", hideBelow: "md", cell: (row) => <Money nusd={row.mean_cost_nusd} /> },
    { key: "tokens", head: "Tokens per run", align: "end", hideBelow: "lg", cell: (row) => `${count(each(row.input_tokens, row))} in, ${count(each(row.output_tokens, row))} out` },
  ];
}

function each(sum: number, { executions }: GroupFigures): number | null {
  return executions > 0 ? Math.max(Math.round(sum / executions), sum > 0 ? 1 : 0) : null;
}
