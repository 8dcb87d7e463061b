import { Navigate } from "@tanstack/react-router";
import { Check } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { type Facts, STEPS, type StepName, belongsHere, isDone, isMarked, nextStep, note, useFirstSteps, useMarked } from "@/api/first-steps";
import { useDatasets } from "@/api/choices";
import { useRead } from "@/api/hooks";
import { needs, useMay, useSession } from "@/api/session";
import { Badge, Behind, Button, ButtonLink, Notice, Page, Section, SimulatedBadge, SkeletonText, TextLink, toast } from "@/kit";
import { classes } from "@/lib/classes";
import { plural } from "@/lib/format";
import { flag, useUrlState } from "@/lib/url-state";
import { Connect } from "./Connect";
import { TryIt } from "./TryIt";

const TITLES: Record<StepName, string> = {
  prompt: "A prompt with a name",
  run: "Its first run",
  feedback: "What people think of the answer",
  optimize: "A better version, with proof",
};

const shape = { arrived: flag() };

export default function StartPage() {
  const [{ arrived }] = useUrlState(shape);
  return arrived ? <Arrival /> : <Steps />;
}

/** Somebody has just signed in: whoever has nothing to do here goes on to the prompts. */
function Arrival() {
  const { user, workspace } = useSession();
  const { figures, isReady, hasFailed } = useFirstSteps();
  // Decided once: the last step taken here does not take the page away.
  const [stays, setStays] = useState<boolean | null>(null);
  if (stays === null && hasFailed) setStays(false);
  else if (stays === null && isReady) setStays(belongsHere(figures?.executions ?? 0, isMarked("seen", user.id, workspace?.id ?? "")));
  if (stays === null) return <div aria-busy />;
  return stays ? <Steps /> : <Navigate to="/prompts" replace />;
}

function Steps() {
  const { user, workspace } = useSession();
  const whose = [user.id, workspace?.id ?? ""] as const;
  const { facts, isReady, hasFailed, retry, figures } = useFirstSteps();
  const isAway = useMarked("put away", ...whose);
  useEffect(() => note("seen", user.id, workspace?.id ?? ""), [user.id, workspace?.id]);
  // All at once: how high a step is depends on how far one has come, and on the prompt's variables.
  const prompt = useRead("/v1/prompts/{slug}", { path: { slug: facts.prompt ?? "" } }, { enabled: isReady && facts.prompt !== null });
  const credits = useRead("/v1/credits", {}, { staleTime: 30_000 });
  const leftNusd = credits.data ? credits.data.available_nusd + credits.data.credit_line.left_nusd + credits.data.allowance.left_nusd : null;
  const isKnown = Boolean(credits.data ?? credits.error);
  const isHere = isKnown && (isReady ? facts.prompt === null || Boolean(prompt.data ?? prompt.error) : hasFailed);
  const [here, setHere] = useState({ runs: 0, reactions: 0 });
  const known: Facts = { ...facts, runs: Math.max(facts.runs, here.runs), reactions: Math.max(facts.reactions, here.reactions) };
  /** One more than was known: rollups follow some seconds later, and count the same run then. */
  const counts = (what: "runs" | "reactions") => () => setHere((was) => ({ ...was, [what]: Math.max(facts[what], was[what]) + 1 }));
  const current = nextStep(known);
  return (
    <Page title="First steps" subtitle={workspace ? <>In {workspace.name}: everything here can be done over the API as well.</> : undefined} actions={isAway ? null : <Button onClick={() => putAway(whose)}>Put these away</Button>}>
      {isHere ? null : <SkeletonText lines={12} />}
      {isHere && figures?.simulated ? (
        <Notice action={<SimulatedBadge />}>Answers in this workspace come from the built-in simulated model, so no real money is spent: amounts are play money at made-up prices. Add a provider key for a real one under <TextLink to="/providers">Providers</TextLink>.</Notice>
      ) : null}
      {isHere && leftNusd !== null && leftNusd <= 0 ? (
        <Notice tone="warn" title="There is no credit here.">
          Runs with a provider key of your own need none; all others are refused until whoever runs this installation adds some under <TextLink to="/usage">Usage and plan</TextLink>. Play credit will do for the simulated model.
        </Notice>
      ) : null}
      {isHere ? <Behind of={figures} /> : null}
      {isHere && hasFailed && !isReady ? (
        <Notice tone="bad" title="How far this workspace has come could not be read." action={<Button size="s" onClick={retry}>Try again</Button>}>
          The steps below can be taken all the same.
        </Notice>
      ) : null}
      {isHere && isReady && current === null ? <Tour facts={known} /> : null}
      <ol className="flex flex-col">
        {(isHere ? STEPS : []).map((step, index) => (
          <Step key={step} number={index + 1} title={TITLES[step]} done={isReady && isDone(step, known)} current={isReady && current === step} last={index === STEPS.length - 1}>
            {step === "prompt" ? <PromptStep facts={known} /> : null}
            {step === "run" || step === "feedback" ? <FiguresStep step={step} facts={known} /> : null}
            {step === "run" && known.prompt ? <TryIt key={known.prompt} prompt={known.prompt} onRun={counts("runs")} onReaction={counts("reactions")} /> : null}
            {step === "optimize" ? <OptimizeStep facts={known} /> : null}
          </Step>
        ))}
      </ol>
      {isHere ? (
        <Section title="Connect your application" description="Three lines in place of the call that it makes today.">
          <Connect prompt={known.prompt} />
        </Section>
      ) : null}
    </Page>
  );
}

function putAway(whose: readonly [string, string]) {
  note("put away", ...whose);
  toast("First steps stay in the menu of your account");
}

/** All steps were taken: what came of them, to look at one after the other. In a new installation the demo has taken them. */
function Tour({ facts: { prompt, job } }: { facts: Facts }) {
  if (!prompt || !job) return null;
  return (
    <Notice tone="ok" title="This way has been gone once already: look at what came of it.">
      <ol className="mt-1 list-decimal pl-5">
        <li>
          <TextLink to="/alerts" search={{ prompt }}>The alerts</TextLink>: people liked the answers of <span className="font-mono text-13 wrap-anywhere">{prompt}</span> less, and Burnish noticed.
        </li>
        <li>
          <TextLink to={`/optimize/${job.id}`}>The search</TextLink>: what was tried, and what each try did.
        </li>
        {job.suggestionId ? (
          <li>
            <TextLink to={`/optimize/suggestions/${job.suggestionId}`}>The suggestion</TextLink>: the change in the text beside its proof.
          </li>
        ) : null}
        <li>
          <TextLink to={`/prompts/${prompt}`} search={{ tab: "versions" }}>Its versions</TextLink>: each with its text and what differs.
        </li>
      </ol>
    </Notice>
  );
}

function Step({ number, title, done, current, last, children }: { number: number; title: string; done: boolean; current: boolean; last: boolean; children: ReactNode }) {
  return (
    <li className="flex gap-4" aria-current={current ? "step" : undefined}>
      <div className="flex flex-col items-center">
        <span
          className={classes(
            "grid size-7 shrink-0 place-items-center rounded-full border text-13 font-semibold",
            done ? "border-transparent bg-ok-soft text-ok" : current ? "border-accent bg-accent-soft text-accent" : "border-line-strong/60 text-muted",
          )}
        >
          {done ? <Check size={14} aria-label="Done" /> : number}
        </span>
        {last ? null : <span aria-hidden className="w-px flex-1 bg-line" />}
      </div>
      <div className={classes("flex min-w-0 flex-1 flex-col items-start gap-2", last ? "pb-2" : "pb-8")}>
        <h2 className="flex h-7 items-center gap-2 text-16 font-semibold">{title}</h2>
        {children}
      </div>
    </li>
  );
}

function PromptStep({ facts }: { facts: Facts }) {
  const may = useMay();
  if (facts.prompt) {
    return (
      <p className="text-14 text-muted">
        <TextLink to={`/prompts/${facts.prompt}`} className="font-mono text-13 wrap-anywhere">{facts.prompt}</TextLink> is what your application calls; its text can change without deploying anything.
      </p>
    );
  }
  return (
    <>
      <p className="text-14 text-muted">Your application calls it by its name; its text can change without deploying anything.</p>
      <ButtonLink to="/prompts" search={{ new: "1" }} variant="primary" off={!may.editPrompts && needs("editor")}>New prompt</ButtonLink>
    </>
  );
}

function FiguresStep({ step, facts }: { step: "run" | "feedback"; facts: Facts }) {
  if (step === "run") return <p className="text-14 text-muted">{facts.runs > 0 ? <>{plural(facts.runs, "run")} of it in the last 30 days, each with its text, cost and time under <TextLink to="/runs">Runs</TextLink>.</> : "Try it here: the answer is recorded like one of your application."}</p>;
  return (
    <p className="text-14 text-muted">
      {facts.reactions > 0 ? <>{plural(facts.reactions, "reaction")} so far. They say which version is better, and raise an alert when one gets worse.</> : "Give the answer above a thumb. Your application sends what its users do: a thumb, a score, a correction, or that they bought."}
    </p>
  );
}

function OptimizeStep({ facts }: { facts: Facts }) {
  const { job, prompt } = facts;
  const off = !useMay().edit && needs("editor");
  const { isEmpty } = useDatasets();
  if (!job) {
    return (
      <>
        <p className="text-14 text-muted">Burnish reads the failures, searches for a better text, and proves the gain on examples that the search never saw. It takes some 100 of them with the right answer.{isEmpty ? " With none at hand, take our example tickets." : ""}</p>
        {isEmpty ? <ButtonLink to="/datasets" search={{ new: "1" }} off={off}>Add examples</ButtonLink> : <ButtonLink to="/optimize" search={prompt ? { prompt, start: true } : undefined} off={off}>Start a search</ButtonLink>}
      </>
    );
  }
  return (
    <p className="flex flex-wrap items-center gap-2 text-14 text-muted">
      <Badge tone={job.outcome === "improved" ? "ok" : "neutral"}>{(job.outcome ?? job.status).replaceAll("_", " ")}</Badge>
      {job.outcome === "no_improvement" ? <span className="basis-full">The last search found nothing better, which proves nothing either way: more examples or feedback give the next one more to go by.</span> : null}
      <TextLink to={job.suggestionId ? `/optimize/suggestions/${job.suggestionId}` : `/optimize/${job.id}`}>{job.suggestionId ? "Look at what it suggests, and why" : "Look at the search"}</TextLink>
    </p>
  );
}
