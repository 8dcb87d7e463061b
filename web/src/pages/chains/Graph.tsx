import { GitFork, OctagonX, Rows3, Split } from "lucide-react";
import { Fragment } from "react";
import { Badge, Money } from "@/kit";
import { classes } from "@/lib/classes";
import { STEP_TONES, type RunStep, type Step, kindOf, within } from "./chain";

export type Seen = ReadonlyMap<string, RunStep>;
type GraphProps = { steps: readonly Step[]; chosen: string | null; onChoose: (id: string) => void; seen: Seen };

/** The way of a chain from top to bottom: what runs at once stands beside each other, and what is chosen from under its condition. */
export function Graph({ steps, ...rest }: GraphProps) {
  return (
    <ol aria-label="Steps" className="flex min-w-0 flex-col items-stretch">
      {steps.map((step, at) => (
        <Fragment key={step.id}>
          {at > 0 ? <Line /> : null}
          <li className="min-w-0">
            <Node step={step} {...rest} />
          </li>
        </Fragment>
      ))}
    </ol>
  );
}

function Line() {
  return <li aria-hidden className="mx-auto h-4 w-px bg-line-strong" />;
}

function Node({ step, chosen, onChoose, seen }: { step: Step } & Omit<GraphProps, "steps">) {
  const kind = kindOf(step);
  const lists = within(step);
  const ran = seen.get(step.id);
  return (
    <div className={classes("min-w-0", lists.length > 0 && "rounded-l border border-line p-2")}>
      <button type="button" aria-pressed={chosen === step.id} onClick={() => onChoose(step.id)} className={classes("flex w-full min-w-0 flex-wrap items-center gap-x-2 gap-y-1 rounded-m border bg-panel px-3 py-2 text-left text-13 hover:bg-sunken", chosen === step.id ? "border-accent bg-accent-soft!" : "border-line-strong/60")}>
        {kind === "parallel" ? <Split size={14} aria-hidden /> : kind === "choose" ? <GitFork size={14} aria-hidden /> : kind === "stop" ? <OctagonX size={14} aria-hidden /> : <Rows3 size={14} aria-hidden />}
        <span className="font-mono font-medium wrap-anywhere">{step.id}</span>
        <span className="min-w-0 text-12 wrap-anywhere">{kind === "prompt" ? step.prompt : kind === "parallel" ? "at once" : kind === "choose" ? "the first that holds" : `ends the run${step.stop?.status === "error" ? " as an error" : ""}`}</span>
        {ran ? (
          <span className="ml-auto flex items-center gap-2">
            {ran.cost_nusd ? <Money nusd={ran.cost_nusd} /> : null}
            <Badge tone={STEP_TONES[ran.status] ?? "bad"}>{ran.status}</Badge>
          </span>
        ) : null}
        {step.if ? <span className="w-full font-mono text-12 wrap-anywhere">if {step.if}</span> : null}
      </button>
      {lists.length > 0 ? (
        <div className={classes("mt-2 grid gap-2", lists.length > 1 && "sm:grid-cols-2")}>
          {lists.map((list, at) => (
            <div key={at} className="min-w-0 rounded-m bg-sunken p-2">
              <p className="mb-1.5 font-mono text-12 wrap-anywhere text-muted">{list.name}</p>
              <Graph steps={list.steps} chosen={chosen} onChoose={onChoose} seen={seen} />
            </div>
          ))}
        </div>
      ) : null}
    </div>
  );
}
