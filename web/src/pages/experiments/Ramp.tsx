import { Check, Pause, Undo2 } from "lucide-react";
import { Badge, RelativeTime, Section } from "@/kit";
import { classes } from "@/lib/classes";
import { duration } from "@/lib/format";
import { useNow } from "@/lib/use-now";
import { type Experiment, isAtTheTop, leftOf, shareWords } from "./model";

type StepState = "past" | "here" | "ahead" | "back" | "unreached";

/** The steps of a guarded rollout, where it is, and what the next one waits for. Always there. */
export function Ramp({ experiment }: { experiment: Experiment }) {
  const { rollout, status, rollout_state: state } = experiment;
  const steps = rollout?.steps ?? [];
  const at = status === "draft" ? -1 : (experiment.step ?? 0);
  const stateOf = (step: number): StepState => (state === "rolled_back" ? (step <= at ? "back" : "unreached") : state === "finished" || step < at ? "past" : step === at ? "here" : "ahead");
  return (
    <Section framed title="Ramp" description={<Words experiment={experiment} />}>
      <ol aria-label="Steps of the ramp" className="grid grid-flow-col gap-1.5" style={{ gridAutoColumns: "minmax(0, 1fr)" }}>
        {steps.map((share, step) => {
          const here = stateOf(step);
          return (
            <li key={share} aria-current={here === "here" ? "step" : undefined} className="flex min-w-0 flex-col gap-1.5">
              <span data-drawn className={classes("h-2 rounded-full", here === "past" ? "bg-ok" : here === "here" ? "bg-accent" : "bg-line")} />
              <span className={classes("numeric flex items-center gap-1 text-12", here === "here" ? "font-semibold text-fg" : "text-muted")}>
                {here === "past" ? <Check size={12} aria-hidden className="text-ok" /> : null}
                {shareWords(share)}
                <span className="sr-only">{{ past: ", done", here: ", now", ahead: ", to come", back: ", taken back", unreached: ", never reached" }[here]}</span>
              </span>
            </li>
          );
        })}
      </ol>
    </Section>
  );
}

/** Minute by minute; second by second where seconds are told soon. The clock of minutes may be two minutes old. */
function useClock(experiment: Experiment): number {
  const left = leftOf(experiment, useNow(60_000));
  return useNow(left > 0 && left <= 3 * 60_000 ? 1_000 : 60_000);
}

function Words({ experiment }: { experiment: Experiment }) {
  const now = useClock(experiment);
  const { rollout_state: state, status, rollout } = experiment;
  if (status === "draft") return <>It begins with {shareWords(rollout?.steps?.[0])} when it is started.</>;
  if (state === "rolled_back") return <span className="inline-flex items-center gap-1"><Undo2 size={12} aria-hidden /> Taken back: nobody gets the candidate.</span>; // prettier-ignore
  if (state === "finished" && experiment.verdict?.outcome === "stopped") return <>It ended on its way: the label names the candidate, so everybody gets it.</>;
  if (state === "finished") return <>It went all the way up.</>;
  if (status === "paused") return <span className="inline-flex items-center gap-1"><Pause size={12} aria-hidden /> Paused: nobody gets the candidate meanwhile.</span>; // prettier-ignore
  const left = leftOf(experiment, now);
  const since = <>At {shareWords(rollout?.steps?.[experiment.step ?? 0])} since <RelativeTime at={experiment.step_started_at} />.</>; // prettier-ignore
  if (state === "holding") return <>{since} <Badge tone="warn">waits for you</Badge></>; // prettier-ignore
  const next = isAtTheTop(experiment) ? `${experiment.label} moves to it` : "The next step comes";
  return <>{since} {next} {left > 0 ? `in ${left < 60_000 ? `${left / 1_000}\u00a0s` : duration(left)} at the earliest.` : "as soon as nothing is in doubt."}</>; // prettier-ignore
}
