import type { ReactNode } from "react";
import { type Answer, useRead } from "@/api/hooks";
import { Badge, Notice, TextLink } from "@/kit";
import { useUsualDataset } from "@/kit/execution/usual-dataset";
import { plural } from "@/lib/format";
import { type OnRefused, useRefusal } from "./LabelMove";

type Found = Answer<"/v1/prompts/{slug}/labels/{label}/protection">;
type Props = { slug: string; label: string; version: number; /** One follows a link away from the dialog. */ onLeave: () => void; onRefused: OnRefused };

/** What a protected label asks of the version, whether that has it, and where one gets it; nothing where it is not protected. */
export function Protected(props: Props) {
  const { slug, label, version } = props;
  const found = useRead("/v1/prompts/{slug}/labels/{label}/protection", { path: { slug, label }, query: { version } });
  // Of another label or version, while this one's is being read.
  const data = found.data?.label === label && found.data.version === version ? found.data : undefined;
  useRefusal(props.onRefused, "protection", data ? whyRefused(label, version, data) : null);
  if (data === undefined) return null;
  if (data.reached) return <Reached {...props} found={data} by={data.reached} />;
  if (!data.is_protected) return null;
  const isReady = data.lacking.length === 0;
  return (
    <Notice tone={isReady ? "ok" : "warn"} title={isReady ? `${label} is protected, and v${version} has what it asks for.` : `${label} is protected: v${version} lacks what it asks for, and the move would be refused.`}>
      <ul aria-label="What the label asks for" className="mt-1 flex flex-col gap-1.5">
        <Approval {...props} found={data} />
        {data.snippet ? <Snippet snippet={data.snippet} onLeave={props.onLeave} /> : null}
        {data.test_run ? <TestRun {...props} asked={data.test_run} /> : null}
      </ul>
    </Notice>
  );
}

const LACKS: Record<string, string> = { approval: "an approval", test_run: "a passed test run" };

/** Why the move would be refused, in one sentence; null where it would not. */
function whyRefused(label: string, version: number, { lacking, reached, snippet, review }: Found): string | null {
  if (lacking.length === 0 && !reached) return null;
  const asks = reached ? `${reached.slug}@${reached.label}` : label;
  const approval = snippet && review === "approved" ? `an approval of ${snippet.slug} v${snippet.version}` : LACKS["approval"];
  const lacks = lacking.map((one) => (one === "approval" ? approval : (LACKS[one] ?? one))).join(" and ") || approval;
  return `${label} cannot move to v${version} yet: it lacks ${lacks}, which ${asks} asks for.`;
}

function Asked({ has, children }: { has: boolean; children: ReactNode }) {
  return (
    <li className="flex flex-wrap items-baseline gap-x-2">
      <Badge tone={has ? "ok" : "warn"}>{has ? "there" : "lacking"}</Badge>
      <span className="min-w-0 flex-1">{children}</span>
    </li>
  );
}

function Approval({ slug, version, found, onLeave }: Props & { found: Found }) {
  const has = found.review === "approved";
  return (
    <Asked has={has}>
      An approval of v{version}
      {has ? "." : `, ${approvers(found)}: ${said(found.review)}.`}{" "}
      {has ? null : (
        <ReviewLink slug={slug} version={version} review={found.review} onLeave={onLeave} />
      )}
    </Asked>
  );
}

function ReviewLink({ slug, version, review, onLeave }: { slug: string; version: number; review: Found["review"]; onLeave: () => void }) {
  return (
    <TextLink to={`/prompts/${slug}`} search={{ tab: "versions", v: version }} onClick={onLeave}>
      {review === "in_review" ? "See the review" : "Ask for a review"}
    </TextLink>
  );
}

/** What is included comes along: the first of it that nobody approved. */
function Snippet({ snippet, onLeave }: { snippet: NonNullable<Found["snippet"]>; onLeave: () => void }) {
  return (
    <Asked has={false}>
      An approval of {snippet.slug} v{snippet.version}, which it includes as <code className="text-12">{snippet.included_as}</code>: {said(snippet.review)}.{" "}
      <ReviewLink slug={snippet.slug} version={snippet.version} review={snippet.review} onLeave={onLeave} />
    </Asked>
  );
}

/** The label is free, and a protected one of another prompt serves what it names. */
function Reached({ slug, label, version, found, by, onLeave }: Props & { found: Found; by: NonNullable<Found["reached"]> }) {
  return (
    <Notice tone="warn" title={`${by.slug} includes ${slug}@${label}, and its label ${by.label} is protected: v${version} lacks an approval, and the move would be refused.`}>
      It has to be approved {approvers(found)}: {said(found.review)}. <ReviewLink slug={slug} version={version} review={found.review} onLeave={onLeave} />
    </Notice>
  );
}

const said = (review: Found["review"]) => (review === "in_review" ? "it is in review" : "nobody was asked to review it");
const approvers = (found: Found) => (found.own_approval ? "by an editor" : "by an editor who did not write it");

function TestRun({ slug, version, asked, onLeave }: Props & { asked: NonNullable<Found["test_run"]> }) {
  const has = asked.problem === null;
  const last = asked.run as { test_run_id?: string; dataset_id?: string } | null;
  const usual = useUsualDataset(slug, !has && !last?.dataset_id);
  const dataset = last?.dataset_id ?? usual ?? "";
  const search = { new: "1", prompt: slug, version: String(version), split: "validation", ...(dataset ? { dataset } : {}), ...(asked.evaluator_id ? { evaluators: asked.evaluator_id } : {}) };
  return (
    <Asked has={has}>
      A passed test run over {plural(asked.least_items, "item")} or more{asked.evaluator ? `; without a right answer, a mean score of ${asked.min_score} by ${asked.evaluator}` : ""}
      {has ? "." : `: ${asked.problem}.`}{" "}
      {has ? null : (
        <>
          <TextLink to="/test-runs" search={search} onClick={onLeave}>
            Start a test run
          </TextLink>
          {last?.test_run_id ? (
            <>
              {" · "}
              <TextLink to={`/test-runs/${last.test_run_id}`} onClick={onLeave}>
                See that run
              </TextLink>
            </>
          ) : null}
        </>
      )}
    </Asked>
  );
}
