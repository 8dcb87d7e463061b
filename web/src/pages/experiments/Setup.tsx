import { useAuthors } from "@/api/authors";
import { Facts, RelativeTime, Section, Table, type Column } from "@/kit";
import type { Schema } from "@/api/client";
import { count, duration, money, percent } from "@/lib/format";
import { type Experiment, allowance, epochWords, gives, isScored, liveArms, saysDeciding, shareWords, unitsOf } from "./model";
import { useMetricNames } from "./useMetricNames";

const METHODS: Record<string, string> = { sequential: "may be looked at any time", group_sequential: "announced looks", fixed: "once, at the end", hybrid: "any time, and at the end" };
const ON_WINNER: Record<string, string> = { automatic: "moves by itself", offered: "is offered to you", none: "stays" };
const OF_UNIT: Record<string, string> = { end_user: "Each end user keeps one version", session: "Each session keeps one version", execution: "Each call is on its own" };

/** Of a group-sequential rule, where nobody said how many. */
const LOOKS = 5;

/** In how many experiments of equal arms a difference is named all the same. */
function falseAlarms(one: Experiment): string {
  const [whole, treatments] = [1 - one.deciding.confidence, Math.max(1, liveArms(one).length - 1)];
  return `at most ${percent(whole)} of experiments with equal arms${treatments > 1 ? `, ${percent(whole / treatments)} of each arm` : ""}`;
}

/** "at most 20 % more; less is better; false alarms 5.0 %" */
function guardWords(guard: Experiment["guardrails"][number]): string {
  const own = guard.metric.startsWith("metric:") ? `; ${guard.direction} is better` : "";
  return `${allowance({ ...guard, relative: guard.relative ?? false })}${own}; false alarms ${percent(guard.alpha ?? 0.05)}`;
}

/** What it is: arms, who takes part, the rule, and every change of shares. */
export function Setup({ experiment: one }: { experiment: Experiment }) {
  const { deciding } = one;
  const { nameOf, decidedOf } = useMetricNames([one.metric, ...one.guardrails.map((guard) => guard.metric)]);
  const share = saysDeciding(one.metric, one.metric === "satisfaction" || isScored(one.metric));
  return (
    <div className="flex min-w-0 flex-col gap-8">
      {one.description ? <p className="max-w-[72ch] text-14 whitespace-break-spaces">{one.description}</p> : null}
      <div className="grid gap-8 lg:grid-cols-2">
        <Section title="Arms">
          <Facts facts={one.arms.map((arm) => [arm.name, `${gives(arm)}${arm.control ? ", the control" : ""}${arm.mode === "shadow" ? `, unseen copies of ${shareWords(arm.share)}` : arm.share === null ? "" : `, ${shareWords(arm.share)} of the calls`}`] as const)} />
        </Section>
        <Section title="Who takes part">
          <Facts
            facts={[
              ["Calls", `of ${one.label}, that name neither a version nor a label`],
              ["Unit", OF_UNIT[one.unit] ?? one.unit],
              ["Condition", one.targeting ? <code key="t">{one.targeting}</code> : "none"],
              one.namespace ? ["Namespace", `${one.namespace}; part of it: ${percent(one.namespace_share)}`] : ["Namespace", "none"],
            ]}
          />
        </Section>
        <Section title="How it is decided">
          <Facts
            facts={[
              ["By", `${decidedOf(one.metric)}, ${one.direction} is better`],
              ["Rule", METHODS[deciding.method] ?? deciding.method],
              deciding.method === "group_sequential" ? ["Looks", `${count(deciding.looks ?? LOOKS)}, evenly over the planned units`] : null,
              ["Sure by", percent(deciding.confidence)],
              ["False alarms", falseAlarms(one)],
              ["In each arm", `at least ${unitsOf(deciding.min_samples, one.unit)}`],
              deciding.planned_units ? ["Planned", unitsOf(deciding.planned_units, one.unit)] : null,
              deciding.smallest_effect ? ["Worth finding", share.value(deciding.smallest_effect)] : null,
              deciding.equivalence_margin ? ["Smaller is none", share.value(deciding.equivalence_margin)] : null,
              deciding.max_days ? ["Ends after", `${deciding.max_days} days`] : null,
              ["Shares", one.rollout ? "by the ramp" : one.allocation === "adaptive" ? "adapt to what does better" : "fixed"],
              ["Then the label", ON_WINNER[one.on_winner] ?? one.on_winner],
              one.shadow_budget_nusd ? ["Unseen copies", `at most ${money(one.shadow_budget_nusd)}`] : null,
              one.latency_limit_ms ? ["Slow is", `above ${duration(one.latency_limit_ms)}`] : null,
            ]}
          />
        </Section>
        <Section title="Guardrails">{one.guardrails.length > 0 ? <Facts facts={one.guardrails.map((guard) => [nameOf(guard.metric), guardWords(guard)] as const)} /> : <p className="text-13 text-muted">{one.kind === "rollout" ? "No guardrails: nothing takes the candidate back by itself." : "No guardrails: nothing but the metric decides."}</p>}</Section>
      </div>
      <Epochs experiment={one} />
    </div>
  );
}

type Epoch = Schema<"EpochAnswer">;

function Epochs({ experiment }: { experiment: Experiment }) {
  const nameOf = useAuthors();
  const rows = [...(experiment.epochs ?? [])].reverse();
  if (rows.length === 0) return null;
  const columns: Column<Epoch>[] = [
    { key: "what", head: "Change", cell: (row) => <span className="wrap-anywhere">{epochWords(row)}</span> },
    { key: "by", head: "By", width: "w-40", hideBelow: "sm", cell: (row) => (row.by.startsWith("system:") ? "Burnish" : nameOf(row.by)) },
    { key: "number", head: "No.", align: "end", width: "w-16", hideBelow: "md", cell: (row) => count(row.epoch) },
    { key: "at", head: "Since", align: "end", width: "w-28", cell: (row) => <RelativeTime at={row.started_at} className="text-muted" /> },
  ];
  return (
    <Section title="Changes of shares" description="Results are compared within each, and put together.">
      <Table label="Changes of shares" columns={columns} rows={rows} rowKey={(row) => String(row.epoch)} />
    </Section>
  );
}
