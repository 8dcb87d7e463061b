import { Suspense, useEffect, useRef } from "react";
import { useAuthors } from "@/api/authors";
import { useRead } from "@/api/hooks";
import { Badge, Diff, Figures, Loaded, Notice, Page, Prose, RelativeTime, SimulatedBadge, SkeletonText, Tabs, TextLink } from "@/kit";
import { later } from "@/lib/later";
import { usePathParam } from "@/lib/pages";
import { change, count, money, percent, points, pointsRange } from "@/lib/format";
import { oneOf, useUrlState } from "@/lib/url-state";
import { Acts } from "./Acts";
import { Cases } from "./Cases";
import { Proposals } from "./Proposals";
import { type Evidence, type Message, type Suggestion, evidenceOf, isRightOrWrong, paired, textsOf } from "./model";

// Charts come when they are looked at: where the address asks for them, together with this page.
const EvidenceTab = later(() => import("./EvidenceTab"));
if (new URLSearchParams(location.search).get("tab") === "evidence") void EvidenceTab.preload();

const shape = { tab: oneOf(["text", "evidence", "cases", "proposals"], "text") };

export default function SuggestionPage() {
  const id = usePathParam("id");
  const found = useRead("/v1/suggestions/{suggestion_id}", { path: { suggestion_id: id } });
  const suggestion = found.data;
  useFocusKept(suggestion?.status);
  return (
    <Page
      title={suggestion ? `Suggestion for ${suggestion.prompt}` : "Suggestion"}
      back={{ to: "/optimize", label: "Optimize" }}
      heading={
        suggestion ? (
          <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <span>
              Suggestion for <span className="font-mono text-20">{suggestion.prompt} v{suggestion.base_version}</span>
            </span>
            <Badge tone={suggestion.status === "open" ? "accent" : suggestion.status === "accepted" ? "ok" : "neutral"}>{suggestion.status}</Badge>
            {suggestion.simulated ? <SimulatedBadge /> : null}
          </span>
        ) : undefined
      }
      subtitle={
        suggestion ? (
          <span className="text-13">
            From <TextLink to={`/optimize/${suggestion.job_id}`}>a search</TextLink> with {count(evidenceOf(suggestion).evaluations)} evaluations for {money(evidenceOf(suggestion).spent_nusd)} · <RelativeTime at={suggestion.created_at} />
          </span>
        ) : undefined
      }
      actions={suggestion?.status === "open" ? <Acts suggestion={suggestion} /> : null}
    >
      <Loaded of={found}>{(one) => <Content suggestion={one} />}</Loaded>
    </Page>
  );
}

/** With the decision its buttons go, and the focus with them: it goes on from the top of the page. */
function useFocusKept(status: string | undefined) {
  const before = useRef(status);
  useEffect(() => {
    if (before.current === "open" && status !== undefined && status !== "open" && (document.activeElement ?? document.body) === document.body) document.querySelector("main")?.focus({ preventScroll: true });
    before.current = status;
  }, [status]);
}

function Content({ suggestion }: { suggestion: Suggestion }) {
  const [{ tab }, set] = useUrlState(shape);
  const evidence = evidenceOf(suggestion);
  const { test } = evidence;
  return (
    <>
      <Decision suggestion={suggestion} />
      <Verdict evidence={evidence} />
      <Tabs
        label="Parts of this suggestion"
        value={tab}
        onChange={(next) => set({ tab: next }, { push: true })}
        tabs={[
          { id: "text", label: "Text", content: <Texts suggestion={suggestion} /> },
          { id: "evidence", label: "Evidence", content: <Suspense fallback={<SkeletonText />}><EvidenceTab evidence={evidence} suggestion={suggestion.id} /></Suspense> },
          { id: "cases", label: "Cases", count: `${count(test.fixed)} ${isRightOrWrong(evidence.by_metric) ? "fixed" : "better"}, ${count(test.broken)} ${isRightOrWrong(evidence.by_metric) ? "broken" : "worse"}`, content: <Cases suggestion={suggestion} evidence={evidence} /> },
          { id: "proposals", label: "Proposals", count: count(evidence.proposals), content: <AllProposals suggestion={suggestion} /> },
        ]}
      />
    </>
  );
}

/** A name within a sentence: "by you", "by a member", "by Ada". */
function inSentence(name: string): string {
  return /^(You |An? |The )/.test(`${name} `) ? name.charAt(0).toLowerCase() + name.slice(1) : name;
}

export function Decision({ suggestion }: { suggestion: Suggestion }) {
  const nameOf = useAuthors();
  const by = suggestion.decided_by ? ` by ${inSentence(nameOf(suggestion.decided_by))}` : "";
  if (suggestion.status === "accepted" && suggestion.experiment_id) {
    return (
      <Notice tone="ok" title={`Accepted as version ${suggestion.accepted_version}${by}.`} action={<TextLink to={`/experiments/${suggestion.experiment_id}`}>Look at the rollout</TextLink>}>
        A guarded rollout of it began <RelativeTime at={suggestion.decided_at} />. Its rollout says whether the label moved.
      </Notice>
    );
  }
  if (suggestion.status === "accepted") {
    return (
      <Notice tone="ok" title={`Accepted as version ${suggestion.accepted_version}${by}.`} action={suggestion.label ? <TextLink to={`/prompts/${suggestion.prompt}`}>Look at the prompt</TextLink> : <TextLink to="/test-runs" search={{ new: "1", prompt: suggestion.prompt, version: String(suggestion.accepted_version) }}>Test this version</TextLink>}>
        {suggestion.label ? `The label ${suggestion.label} moved to it` : "No label moved to it"} <RelativeTime at={suggestion.decided_at} />.
      </Notice>
    );
  }
  if (suggestion.status === "rejected") {
    return (
      <Notice title={`Rejected${by}.`}>
        {suggestion.reason} <RelativeTime at={suggestion.decided_at} className="text-muted" />
      </Notice>
    );
  }
  if (suggestion.rollout_refused) {
    const { code, message, at } = suggestion.rollout_refused;
    if (code === "would_be_taken_back")
      return (
        <Notice tone="warn" title="The policy did not begin a rollout: it would be taken back.">
          On the test items an answer cost more than the guardrail of cost allows. The policy tries each suggestion once, and looked at this one <RelativeTime at={at} />: send it to an experiment with a wider guardrail, search for a cheaper text, or accept it without a rollout.
        </Notice>
      );
    return (
      <Notice tone="warn" title="The policy did not begin a rollout.">
        {code === "internal_error" ? "Something went wrong on our side; it has been logged." : message} The policy tries each suggestion once, and tried this one <RelativeTime at={at} />: accept it, or send it to an experiment, when nothing stands against it any more.
      </Notice>
    );
  }
  if (suggestion.rollout_warning) {
    return (
      <Notice tone="warn" title="A guarded rollout of it would be taken back.">
        On the test items an answer cost more than the usual guardrail of cost allows. Send it to an experiment with a wider one, search for a cheaper text, or accept it without a rollout.
      </Notice>
    );
  }
  return null;
}

function Verdict({ evidence: { test, cost, by_metric: metrics } }: { evidence: Evidence }) {
  const isPlain = isRightOrWrong(metrics);
  return (
    <Figures
      label="On untouched test items"
      figures={[
        { label: isPlain ? "Right on untouched test" : "Mean score on untouched test", value: percent(test.candidate), note: `was ${percent(test.baseline)}, n ${count(test.n)}` },
        { label: "Gain", value: points(test.delta), note: `${pointsRange(test.ci_low, test.ci_high)}` },
        { label: isPlain ? "Fixed · broken" : "Better · worse", value: `${count(test.fixed)} · ${count(test.broken)}`, note: "cases" },
        { label: "Cost per answer", value: money(cost.candidate_nusd), note: change(cost.candidate_nusd, cost.baseline_nusd) ?? "" },
      ]}
    />
  );
}

type VariantText = { model: string; messages: Message[] };

/** The messages before and after, one diff each; what did not change is folded away. */
function Texts({ suggestion }: { suggestion: Suggestion }) {
  const base = useRead("/v1/prompts/{slug}", { path: { slug: suggestion.prompt }, query: { version: suggestion.base_version } });
  const after = suggestion.content["messages"] as unknown as Message[] | undefined;
  const variants = (suggestion.content["variants"] ?? []) as VariantText[];
  const others = Object.entries(suggestion.content).filter(([name]) => name !== "messages" && name !== "variants");
  const version = suggestion.accepted_version;
  const accepted = useRead("/v1/prompts/{slug}", { path: { slug: suggestion.prompt }, query: { version } }, { enabled: version !== null });
  const saved = version === null ? undefined : (accepted.data?.messages as unknown as Message[] | undefined);
  // A part of it, or what somebody edited, became the version.
  const otherwise = saved && after ? paired(after, saved).filter((one) => one.before !== one.after) : [];
  const name = version !== null && saved && otherwise.length === 0 ? `v${version}` : "suggestion";
  if (base.error && !base.data) {
    return (
      <div className="flex flex-col gap-3">
        <Notice tone="warn">Version {suggestion.base_version} cannot be read any more, so only the new text stands here.</Notice>
        {textsOf(after).map((one, at) => (
          <Prose key={at} mono text={one.text} />
        ))}
      </div>
    );
  }
  if (!base.data) return <SkeletonText lines={8} />;
  const known = base.data as unknown as { messages: Message[]; variants?: VariantText[] | null };
  const pairs = after === undefined ? [] : paired(known.messages, after);
  const changed = pairs.filter((one) => one.before !== one.after);
  return (
    <div className="flex min-w-0 flex-col gap-4">
      {otherwise.length > 0 ? <Notice title={`Version ${version} says it otherwise.`}>It was accepted in part, or edited before: what was measured is the suggestion, not this version.</Notice> : null}
      {otherwise.map((one, at) => (
        <Diff key={`accepted ${at}`} label={`${one.role} as accepted`} before={one.before} after={one.after} beforeName="suggestion" afterName={`v${version}`} />
      ))}
      {changed.map((one, at) => (
        <Diff key={at} label={one.role} before={one.before} after={one.after} beforeName={`v${suggestion.base_version}`} afterName={name} />
      ))}
      {changed.length < pairs.length ? (
        <p className="text-12 text-muted">
          Unchanged:{" "}
          {pairs
            .filter((one) => one.before === one.after)
            .map((one) => one.role)
            .join(", ")}
          .
        </p>
      ) : null}
      {variants.flatMap((variant) =>
        paired(known.variants?.find((one) => one.model === variant.model)?.messages ?? known.messages, variant.messages)
          .filter((one) => one.before !== one.after)
          .map((one, at) => <Diff key={`${variant.model} ${at}`} label={`${one.role} for ${variant.model}`} before={one.before} after={one.after} beforeName={`v${suggestion.base_version}`} afterName={name} />),
      )}
      {others.map(([field, value]) => (
        <p key={field} className="text-13 wrap-anywhere">
          <span className="font-mono">{field}</span>: <span className="font-mono text-muted line-through">{JSON.stringify((known as unknown as Record<string, unknown>)[field] ?? null)}</span> becomes <span className="font-mono">{JSON.stringify(value)}</span>
        </p>
      ))}
    </div>
  );
}

function AllProposals({ suggestion }: { suggestion: Suggestion }) {
  const found = useRead("/v1/optimizations/{job_id}", { path: { job_id: suggestion.job_id } }, { staleTime: 60_000 });
  return <Loaded of={found}>{(job) => <Proposals job={job} />}</Loaded>;
}
