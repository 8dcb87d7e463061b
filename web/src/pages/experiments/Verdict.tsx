import { useAuthors } from "@/api/authors";
import { Notice, RelativeTime, TextLink } from "@/kit";
import { amid, decimal, percent, spaced } from "@/lib/format";
import { type Experiment, type Results, branchWords, endedWords, ending, isByHand, isOver, lacksModel, split, stoodThere, unitsOf, wasLeftAlone } from "./model";
import { useWinnerServed } from "./served";

/** What it says, in one sentence; above all else that the arms did not get whom they should. */
export function Verdict({ experiment, results }: { experiment: Experiment; results: Results | null }) {
  return (
    <div className="flex flex-col gap-3" aria-live="polite">
      {results && !results.sample_ratio.is_sound ? <Mismatch experiment={experiment} results={results} /> : null}
      {isOver(experiment) ? <Ended experiment={experiment} /> : <Standing experiment={experiment} results={results} />}
      <Promotion experiment={experiment} />
    </div>
  );
}

function Mismatch({ experiment, results: { sample_ratio: ratio } }: { experiment: Experiment; results: Results }) {
  const arms = [...split(ratio)].map(([arm, { planned, seen, units }]) => `${arm} got ${unitsOf(units, experiment.unit)} (${percent(seen)} where ${percent(planned)} was planned)`);
  return (
    <Notice tone="bad" title="The arms did not get what was planned, so nothing here can be trusted.">
      {arms.join(", ")}; odds of {ratio.evidence > 1e9 ? "more than a billion" : decimal(ratio.evidence, 0)} to 1 against chance. Something sends units to the wrong arm or loses them: find it, then start anew.
    </Notice>
  );
}

function Standing({ experiment, results }: { experiment: Experiment; results: Results | null }) {
  const sentence = results?.standing?.sentence;
  const decided = results?.standing && results.standing.outcome !== "undecided";
  return (
    <Notice tone={experiment.status === "paused" ? "warn" : decided ? "ok" : "neutral"} title={experiment.status === "paused" ? `Paused: everybody gets what ${experiment.label} names.` : undefined}>
      <span className="text-14">{sentence ? spaced(sentence) : "Nobody came yet. Every gateway gives out its arms within a second."}</span>
      {results?.looked_at ? (
        <span className="ml-2 text-12 whitespace-nowrap text-muted">
          looked <RelativeTime at={results.looked_at} />
        </span>
      ) : null}
    </Notice>
  );
}

function Ended({ experiment: { verdict } }: { experiment: Experiment }) {
  const nameOf = useAuthors();
  if (!verdict) return <Notice title="It is over." />;
  const found = ending(verdict).tone;
  return (
    <Notice tone={found === "accent" || verdict.outcome === "refused" ? "neutral" : found}>
      <span className="text-14 font-medium">{verdict.outcome === "refused" ? "It ended without a verdict." : spaced(endedWords(verdict.sentence))}</span>
      <span className="mt-1 block text-12 text-muted">
        {isByHand(verdict) ? `Ended by ${amid(nameOf(verdict.decided_by))}` : "Ended by its rule"} <RelativeTime at={verdict.at} />
        {verdict.reason ? `: ${verdict.reason}` : ""}
      </span>
    </Notice>
  );
}

function Promotion({ experiment }: { experiment: Experiment }) {
  const { promotion } = experiment;
  const isServed = useWinnerServed(experiment);
  if (!promotion || (promotion.state === "not_wanted" && !wasLeftAlone(experiment))) return null;
  const look = <TextLink to={`/prompts/${experiment.prompt}`} search={{ tab: "versions" }}>See the versions</TextLink>; // prettier-ignore
  if (lacksModel(experiment)) {
    const model = experiment.arms.find((one) => one.name === experiment.winner)?.model;
    return (
      <Notice tone="warn" title={`Nobody gets ${model} yet.`} action={look}>
        {promotion.label} stayed on v{promotion.version}, which does not have the model that won. Ship {experiment.winner}, and a version that has it is saved.
      </Notice>
    );
  }
  if (promotion.state === "moved" || stoodThere(experiment)) {
    return (
      <Notice tone="ok" action={look}>
        {promotion.state === "moved" ? `${promotion.label} moved to v${promotion.version}` : `${promotion.label} is on v${promotion.version}, as it was`} <RelativeTime at={promotion.at} />.{branchWords(experiment)}
      </Notice>
    );
  }
  if (isServed) {
    return (
      <Notice tone="ok" action={look}>
        {promotion.label} is on v{promotion.version} by now, which won.
      </Notice>
    );
  }
  return (
    <Notice tone={promotion.state === "not_wanted" ? "neutral" : "warn"} title={promotion.state === "not_wanted" ? `${promotion.label} was left where it is.` : promotion.state === "offered" ? `${promotion.label} has not moved yet.` : `${promotion.label} could not move.`} action={look}>
      {promotion.why || "Ship the winner when you are ready."}
      {branchWords(experiment)}
    </Notice>
  );
}
