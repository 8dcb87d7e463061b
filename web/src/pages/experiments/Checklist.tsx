import { CircleAlert, CircleCheck, TriangleAlert } from "lucide-react";
import { useState } from "react";
import { useChange, useRead } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Button, Field, Figures, Input, Loaded, Section, errorFor, toastError } from "@/kit";
import { count, percent, plural, spaced } from "@/lib/format";
import { unitOf, withEffect } from "./draft";
import { type Experiment, UNITS, isScored, saysDeciding, unitsOf } from "./model";
import { useMetricNames } from "./useMetricNames";

const SIGNS = {
  ok: { icon: CircleCheck, className: "text-ok", said: "Fine: " },
  warning: { icon: TriangleAlert, className: "text-warn", said: "Look: " },
  blocks: { icon: CircleAlert, className: "text-bad", said: "In the way: " },
} as const;

/** Before the start: how long it takes for an effect worth finding, and what stands against it. */
export function Checklist({ experiment }: { experiment: Experiment }) {
  const found = useRead("/v1/experiments/{experiment_id}/checklist", { path: { experiment_id: experiment.id } });
  const { decidedOf } = useMetricNames([experiment.metric]);
  return (
    <Loaded of={found}>
      {(list) => {
        const says = saysDeciding(experiment.metric, experiment.metric === "satisfaction" || isScored(experiment.metric));
        const baseline = list.baseline[experiment.metric] as { value: number; samples?: number } | undefined;
        const { needed, traffic } = list;
        return (
          <div className="flex min-w-0 flex-col gap-8">
            <Section title="What it takes" description="To find an effect worth finding in four cases of five. A smaller one takes more; a larger one shows sooner.">
              <div className="grid gap-4 lg:grid-cols-[16rem_minmax(0,1fr)]">
                <Effect experiment={experiment} usual={needed?.effect} />
                <Figures
                  label="What it takes"
                  figures={[
                    { label: "Needed", value: needed ? count(needed.units) : "–", note: needed ? `${UNITS[experiment.unit]?.[1] ?? "units"} in all, ${count(needed.smallest_arm)} in the smallest arm` : "cannot be counted before" },
                    { label: "About", value: needed?.days == null ? "–" : needed.days < 1 ? "a day" : plural(Math.ceil(needed.days), "day"), note: traffic.units_a_day === null ? "nobody knows how many come" : `${traffic.units_a_day < 10 ? Number(traffic.units_a_day.toFixed(1)) : count(Math.round(traffic.units_a_day))} ${experiment.unit === "execution" ? "come" : "new ones come"} a day` },
                    { label: `${decidedOf(experiment.metric)} now`, value: says.value(baseline?.value ?? null), note: baseline ? `of ${plural(baseline.samples ?? 0, "answer")}` : "nothing known so far" },
                    ...(experiment.unit === "execution" ? [] : [{ label: "Say whose they are", value: traffic.calls > 0 ? percent(traffic.with_unit, 0) : "–", note: `of ${count(traffic.calls)} calls, ${unitsOf(traffic.units, experiment.unit)}` }]),
                  ]}
                />
              </div>
            </Section>
            <Section title="Checked" description={list.can_start ? "Nothing stands against a start." : "It cannot start so."}>
              <ul aria-label="Checked" className="flex flex-col divide-y divide-line border-y border-line">
                {[...list.checks].sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state)).map((check) => {
                  const sign = SIGNS[check.state as keyof typeof SIGNS] ?? SIGNS.ok;
                  return (
                    <li key={`${check.name} ${check.message}`} className="flex items-start gap-2 py-2 text-13">
                      <sign.icon size={15} aria-hidden className={`mt-0.5 shrink-0 ${sign.className}`} />
                      <span className="min-w-0 wrap-anywhere">
                        <span className="sr-only">{sign.said}</span>
                        {spaced(check.message)}
                      </span>
                    </li>
                  );
                })}
              </ul>
            </Section>
          </div>
        );
      }}
    </Loaded>
  );
}

const ORDER = ["blocks", "warning", "ok"];

const written = (value: number, digits: number) => String(Number(value.toPrecision(digits)));

/** Tries another effect: it is kept with the draft, and counted anew. */
function Effect({ experiment, usual }: { experiment: Experiment; /** What was counted for, in the metric's own unit. */ usual?: number | undefined }) {
  const may = useMay();
  const of = { points: 0.01, ms: 1, $: 1e9, "": 1 }[unitOf(experiment.metric)];
  const kept = experiment.deciding.smallest_effect ? written(experiment.deciding.smallest_effect / of, 12) : "";
  const [typed, setTyped] = useState<string | null>(null);
  const change = useChange("put", "/v1/experiments/{experiment_id}", { invalidates: ["/v1/experiments"] });
  const unit = unitOf(experiment.metric);
  const value = typed ?? kept;
  const save = () => change.mutate({ path: { experiment_id: experiment.id }, body: { revision: experiment.revision, experiment: withEffect(experiment, value) } }, { onSuccess: () => setTyped(null), onError: toastError }); // prettier-ignore
  return (
    <form
      className="flex items-end gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <Field label={`Worth finding${unit ? `, ${unit}` : ""}`} error={errorFor(change.error, "experiment.deciding.smallest_effect")} className="flex-1">
        <Input type="number" min={0} step="any" value={value} onChange={(event) => setTyped(event.target.value)} placeholder={usual ? written(usual / of, 3) : unit === "points" ? "5" : "the usual"} disabled={!may.edit} />
      </Field>
      <Button type="submit" busy={change.isPending} disabled={!may.edit || value === kept} why={may.edit ? undefined : needs("editor")}>
        Count
      </Button>
    </form>
  );
}
