import type { Schema } from "@/api/client";
import { Figures } from "@/kit";
import { classes } from "@/lib/classes";
import { NONE, compact, count, duration, money, percent, percentRange, plural } from "@/lib/format";
import { type Delta, deltaOf, isApart } from "./figures";

type Summary = Schema<"SummaryAnswer">;
export type KpiFigures = Pick<Summary, "executions" | "input_tokens" | "output_tokens" | "errors" | "timeouts" | "success_rate" | "satisfaction" | "effectiveness" | "latency" | "cost_nusd" | "mean_cost_nusd">;

/** The figures that count, each with how it differs from the period before where one is asked for. */
export function Kpis({ of, before, isStale, runs = "Runs" }: { of: KpiFigures; before?: KpiFigures | null; isStale?: boolean; /** Which ones are counted. */ runs?: string }) {
  const { satisfaction, latency } = of;
  const was = before && before.executions > 0 ? before : null;
  const note = (delta: Delta | null, otherwise: string) => (before ? <DeltaNote delta={delta} none={was ? otherwise : "nothing before"} /> : otherwise);
  return (
    <Figures
      label="Figures of the range"
      isStale={isStale}
      figures={[
        { label: runs, value: count(of.executions), note: note(deltaOf("relative", of.executions, was?.executions, null), `${compact(of.input_tokens + of.output_tokens)} tokens`) },
        { label: "Success", value: percent(of.success_rate), note: note(deltaOf("share", of.success_rate, was?.success_rate, "up"), `${count(of.errors + of.timeouts)} failed`) },
        {
          label: "Satisfaction",
          value: percent(satisfaction?.value),
          note: before ? (
            <span title={was?.satisfaction && satisfaction && !isApart(satisfaction, was.satisfaction) ? "The intervals overlap: it may be chance." : undefined}>
              <DeltaNote delta={deltaOf("share", satisfaction?.value, was?.satisfaction?.value, isApart(satisfaction, was?.satisfaction) ? "up" : null)} none={was ? "no reactions" : "nothing before"} />
              {satisfaction ? `, ${percentRange(satisfaction.low, satisfaction.high)}` : null}
            </span>
          ) : satisfaction ? (
            `${percentRange(satisfaction.low, satisfaction.high)}, n ${count(satisfaction.samples)}`
          ) : (
            "no reactions"
          ),
        },
        { label: "Effectiveness", value: effectivenessOf(of), note: note(deltaOf("relative", satisfaction ? of.effectiveness : null, was?.satisfaction ? was.effectiveness : null, "up"), satisfaction ? `of 100, with ${plural(satisfaction.samples, "reaction")}` : "no reactions") },
        { label: "p95 latency", value: duration(latency.p95_ms), note: note(deltaOf("time", latency.p95_ms, was?.latency.p95_ms, "down"), `p50 ${duration(latency.p50_ms)}, p99 ${duration(latency.p99_ms)}`) },
        { label: "Cost", value: money(of.cost_nusd), note: note(deltaOf("relative", of.cost_nusd, was?.cost_nusd, null), `${money(of.mean_cost_nusd)} per run`) },
      ]}
    />
  );
}

/** Never without a reaction: it would be success alone, by another name. */
export function effectivenessOf({ effectiveness, satisfaction }: Pick<Summary, "effectiveness" | "satisfaction">): string {
  return effectiveness === null || !satisfaction ? NONE : effectiveness.toFixed(1);
}

function DeltaNote({ delta, none }: { delta: Delta | null; none: string }) {
  if (!delta) return <span>{none}</span>;
  return <span className={classes(delta.tone === "ok" && "text-ok", delta.tone === "bad" && "text-bad")}>{delta.text}</span>;
}
