import { Activity } from "lucide-react";
import { useMemo } from "react";
import { useCourse } from "@/api/course";
import { useRead } from "@/api/hooks";
import { useExperimentNames, useKeyNames, useProviderKeyNames } from "@/api/keys";
import { After, Behind, Button, ButtonLink, DownloadButton, EmptyState, Loaded, Section, Select, SimulatedBadge, SkeletonTable } from "@/kit";
import { moment, utc, zone } from "@/lib/format";
import { useUrlState } from "@/lib/url-state";
import { Views } from "@/pages/views/Views";
import { Charts } from "./Charts";
import { Filters, filtersOf } from "./Filters";
import { GroupTable } from "./GroupTable";
import { Head } from "./Head";
import { NoArms } from "./NoArms";
import { Kpis } from "./Kpis";
import { effectivenessWords } from "./figures";
import { LiveDot } from "./LiveDot";
import { TRAFFIC_WORDS, type Dimension, GROUPS, type Group, RANGES, isApart, groupsInFile, isHourly, shape, shownOf, windowsOf } from "./range";
import { useAnnotations } from "./useAnnotations";
import { useNow } from "@/lib/use-now";

const GROUP_WORDS: Record<Group, string> = { none: "Not grouped", prompt: "By prompt", version: "By version", label: "By label", model: "By model", app: "By app", api_key: "By API key", provider: "By provider", provider_key: "By provider key", arm: "By arm of an experiment" };

/** More groups than a chart has lines for; the file has those of the table. */
const DRAWN = 10;

export default function AnalyticsPage() {
  const [said, set] = useUrlState(shape);
  const state = useMemo(() => shownOf(said), [said]);
  const { range, group, compare, prompt, model } = state;
  const { stepMs } = RANGES[range];
  const now = useNow(stepMs);
  const { now: shown, before } = useMemo(() => windowsOf(range, now, { whole: compare }), [range, now, compare]);
  const filters = filtersOf(state);
  const fresh = { staleTime: 10_000, refetchInterval: range === "1h" ? 10_000 : 30_000 };

  const summary = useRead("/v1/analytics/summary", { query: { ...filters, from: shown.from, to: shown.to, grain: shown.grain } }, fresh);
  const earlier = useRead("/v1/analytics/summary", { query: { ...filters, from: before.from, to: before.to, grain: before.grain } }, { enabled: compare, staleTime: 60_000 });
  const by = group === "none" ? undefined : group;
  const { of: steps, span, isNear } = useCourse({ ...filters, group_by: by, groups: by && DRAWN }, { ...shown, stepMs }, { ...fresh, zooms: !compare && !isHourly(group) });
  const stepsBefore = useRead("/v1/analytics/timeseries", { query: { ...filters, from: before.from, to: before.to, grain: before.grain } }, { enabled: compare && group === "none", staleTime: 60_000 });
  const groups = useRead("/v1/analytics/groups", { query: { group_by: (by ?? "prompt") as Dimension, unnamed: prompt === "", prompt: prompt ? [prompt] : undefined, model: filters.model, traffic: filters.traffic, from: shown.from, to: shown.to, grain: shown.grain } }, { ...fresh, enabled: group !== "none" });
  const annotations = useAnnotations(prompt, span.fromMs, span.stepMs);
  const { names: apiKeys } = useKeyNames(group === "api_key");
  const providerKeys = useProviderKeyNames(group === "provider_key");
  const experiments = useExperimentNames(group === "arm");
  const keyNames = group === "provider_key" ? providerKeys : group === "arm" ? experiments : apiKeys;
  const rows = groups.data && groups.data.group_by === group ? groups.data.data : undefined;
  // The charts' legend names them, and takes a line or two of its own.
  const isNamed = group === "none" || Boolean(groups.data ?? groups.error);
  const hasNoArms = group === "arm" && rows?.length === 0;
  const names = useMemo(() => (rows ?? []).map((row) => row.group), [rows]);

  const csv = new URLSearchParams(Object.entries({ ...filters, from: shown.from, to: shown.to, grain: shown.grain, group_by: by, groups: by && String(groupsInFile(shown, stepMs)), format: "csv" }).filter((one): one is [string, string] => one[1] !== undefined));
  const isFiltered = Boolean(prompt || model || state.traffic !== "live");

  return (
    <Head
      title="Analytics"
      actions={
        <>
          <LiveDot prompt={prompt} />
          <Views place="analytics" shape={shape} />
          <ButtonLink to="/analytics/recounts" size="s" variant="ghost">
            Count again
          </ButtonLink>
        </>
      }
    >
      <Filters state={state} set={set}>
        <Select compact aria-label="Group by" value={group} onChange={(next) => set({ group: next })} options={GROUPS.map((one) => ({ value: one, label: GROUP_WORDS[one], disabled: (model !== "" && isApart(one)) || (RANGES[range].grain === "minute" && isHourly(one)) }))} />
        <Button aria-pressed={compare} onClick={() => set({ compare: !compare })} className={compare ? "border-accent! bg-accent-soft!" : undefined}>
          Compare with before
        </Button>
        <span className="flex items-center gap-2 sm:ml-auto">
          {summary.data?.simulated ? <SimulatedBadge /> : null}
          <DownloadButton path={`/v1/analytics/timeseries?${csv.toString()}`} name="analytics.csv">
            CSV
          </DownloadButton>
        </span>
      </Filters>
      <Behind of={summary.data} />
      <Loaded of={summary} skeleton={<SkeletonTable columns={5} rows={6} />}>
        {(found) =>
          found.executions === 0 && !compare ? (
            <EmptyState
              icon={<Activity size={18} />}
              title={isFiltered ? "Nothing ran like this in this time" : "Nothing ran in this time"}
              action={isFiltered ? <Button onClick={() => set({ prompt: "", model: "", traffic: "live" })}>Show all live traffic</Button> : <ButtonLink to="/playground">Open the playground</ButtonLink>}
              code={isFiltered ? undefined : RUN}
            >
              Take a longer time, or run a prompt: figures are here within seconds.
            </EmptyState>
          ) : compare && found.executions === 0 && earlier.data?.executions === 0 ? (
            <EmptyState icon={<Activity size={18} />} title={`No whole ${shown.grain} to compare yet`} action={<Button onClick={() => set({ compare: false })}>Show it without comparing</Button>}>
              {`What runs now is compared once the ${shown.grain} is over: until then it would look like a decline.`}
            </EmptyState>
          ) : (
            <>
              {compare ? <p className="-mb-2 text-12 text-muted">{`Whole ${shown.grain}s until ${shown.grain === "day" ? utc(shown.toMs) : moment(shown.toMs)}, beside the time of the same length before.`}</p> : null}
              <Kpis of={found} before={compare ? (earlier.data ?? null) : undefined} isStale={summary.isPlaceholderData} runs={TRAFFIC_WORDS[state.traffic]} />
              <Loaded of={isNamed ? steps : NOT_YET} skeleton={<SkeletonTable columns={3} rows={8} />}>
                {(course) => hasNoArms ? <NoArms /> : (
                  <>
                    <p className="-mb-2 text-12 text-muted">{span.grain === "day" ? "Days are days in UTC, here and in the CSV." : `Times are by this browser’s clock, ${zone()}; those in the CSV are UTC.`}</p>
                    {isNear ? <p className="-mb-2 text-12 text-muted">{`All of it ran after ${moment(span.fromMs)}: shown by the minute.`}</p> : null}
                    <Charts
                      steps={course.data}
                      stepsBefore={compare && group === "none" ? stepsBefore.data?.data : undefined}
                      runs={TRAFFIC_WORDS[state.traffic]}
                      group={group}
                      groups={names}
                      keyNames={keyNames}
                      window={{ ...shown, ...span }}
                      stepMs={span.stepMs}
                      annotations={annotations}
                      isStale={steps.isPlaceholderData || (group !== "none" && !rows)}
                    />
                  </>
                )}
              </Loaded>
              {group === "none" || hasNoArms ? null : (
                <After what={isNamed && Boolean(steps.data ?? steps.error)}>
                  <Section title={GROUP_WORDS[group]} description={groups.data?.is_whole === false ? "The 200 busiest." : group === "prompt" || group === "version" || group === "label" ? "“No prompt”: searches, and calls that bring their own messages." : group === "arm" ? "What took part in no experiment is in none of them." : undefined}>
                    <Loaded of={groups}>{() => <GroupTable group={group} rows={rows ?? []} keyNames={keyNames} isStale={groups.isPlaceholderData} />}</Loaded>
                  </Section>
                </After>
              )}
              <After>
                <p className="text-12 text-muted">{effectivenessWords(found.effectiveness_targets)} It is told where people reacted, and is worth as much as their number.</p>
              </After>
            </>
          )
        }
      </Loaded>
    </Head>
  );
}

const NOT_YET = { data: undefined, error: null, refetch: () => undefined };

const RUN = `curl $URL/v1/executions -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \\
  -d '{"prompt": "support-triage", "variables": {"ticket": "Where is my order?"}}'`;
