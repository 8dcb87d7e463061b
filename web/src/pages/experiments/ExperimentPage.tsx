import { Suspense } from "react";
import { useRead } from "@/api/hooks";
import { Badge, Loaded, Notice, Page, RelativeTime, SimulatedBadge, Tabs, TextLink } from "@/kit";
import { Here } from "@/kit/Here";
import { later } from "@/lib/later";
import { usePathParam } from "@/lib/pages";
import { oneOf, useUrlState } from "@/lib/url-state";
import { Acts } from "./Acts";
import { Checklist } from "./Checklist";
import { Ramp } from "./Ramp";
import { Setup } from "./Setup";
import { Verdict } from "./Verdict";
import { type Experiment, isOpen, resultsOf, standing } from "./model";
import { useMetricNames } from "./useMetricNames";

const LOOK_AGAIN_MS = 5_000;
/** About as high as what comes. */
const RESULTS_PX = 480;

const Results = later(() => import("./Results"));
const shape = { tab: oneOf(["results", "setup"], "results") };

export default function ExperimentPage() {
  const id = usePathParam("id");
  const found = useRead("/v1/experiments/{experiment_id}", { path: { experiment_id: id } }, { refetchInterval: LOOK_AGAIN_MS });
  const one = found.data;
  const { word, tone } = one ? standing(one) : { word: "", tone: "neutral" as const };
  return (
    <Page
      title={one?.name ?? "Experiment"}
      back={{ to: "/experiments", label: "Experiments" }}
      heading={
        one ? (
          <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <span>{one.name}</span>
            <Badge tone={tone}>{word}</Badge>
            {one.simulated ? <SimulatedBadge /> : null}
          </span>
        ) : undefined
      }
      subtitle={one ? <About experiment={one} /> : undefined}
      actions={
        one ? (
          <>
            <Here place={`experiments/${one.id}`} />
            <Acts key={one.id} experiment={one} />
          </>
        ) : null
      }
    >
      <Loaded of={found}>{(experiment) => <Content experiment={experiment} />}</Loaded>
    </Page>
  );
}

function About({ experiment: one }: { experiment: Experiment }) {
  const { saidOf } = useMetricNames([one.metric]);
  return (
    <span className="text-13">
      {one.kind === "rollout" ? "Guarded rollout" : "Experiment"} on{" "}
      <TextLink to={`/prompts/${one.prompt}`} search={{ tab: "results" }}>
        {one.prompt}
      </TextLink>{" "}
      ({one.label}), by {saidOf(one.metric)} · {one.started_at ? <>started <RelativeTime at={one.started_at} /></> : <>drafted <RelativeTime at={one.created_at} /></>}
      {one.suggestion_id ? (
        <>
          {" · from "}
          <TextLink to={`/optimize/suggestions/${one.suggestion_id}`}>a suggestion</TextLink>
        </>
      ) : null}
    </span>
  );
}

function Content({ experiment }: { experiment: Experiment }) {
  const [{ tab }, set] = useUrlState(shape);
  const results = resultsOf(experiment);
  const isDraft = experiment.status === "draft";
  return (
    <div className="flex min-w-0 flex-col gap-5">
      {experiment.problems?.length ? (
        <Notice tone="warn" title="An arm cannot answer.">
          {experiment.problems.join(" ")} Its share of the calls gets what the label names, outside the experiment.
        </Notice>
      ) : null}
      {experiment.unscored?.length ? (
        <Notice tone="warn" title="Scores that it needs do not come." action={<TextLink to="/evaluators/live">Live evaluations</TextLink>}>
          {experiment.unscored.join(" ")}
        </Notice>
      ) : null}
      {isDraft ? null : <Verdict experiment={experiment} results={results} />}
      {experiment.rollout ? <Ramp experiment={experiment} /> : null}
      <Tabs
        label="Parts of this experiment"
        value={tab}
        onChange={(next) => set({ tab: next }, { push: true })}
        tabs={[
          {
            id: "results",
            label: isDraft ? "Before the start" : "Results",
            content: isDraft ? (
              <Checklist experiment={experiment} />
            ) : (
              <Suspense fallback={<div aria-busy style={{ minHeight: RESULTS_PX }} />}>
                <Results experiment={experiment} results={results} goesOn={isOpen(experiment)} />
              </Suspense>
            ),
          },
          { id: "setup", label: "Setup", content: <Setup experiment={experiment} /> },
        ]}
      />
    </div>
  );
}
