import type { ReactNode } from "react";
import { type Answer, useRead } from "@/api/hooks";
import { Badge, Notice, TextLink } from "@/kit";
import { useUsualDataset } from "@/kit/execution/usual-dataset";
import { plural } from "@/lib/format";

type Found = Answer<"/v1/prompts/{slug}/labels/{label}/protection">;
type Props = { slug: string; label: string; version: number; /** One follows a link away from the dialog. */ onLeave: () => void };

/** What a protected label asks of the version, whether that has it, and where one gets it; nothing where it is not protected. */
export function Protected(props: Props) {
  const { slug, label, version } = props;
  const { data } = useRead("/v1/prompts/{slug}/labels/{label}/protection", { path: { slug, label }, query: { version } });
  // Of another label or version, while this one's is being read.
  if (!data?.is_protected || data.label !== label || data.version !== version) return null;
  const isReady = data.lacking.length === 0;
  return (
    <Notice tone={isReady ? "ok" : "warn"} title={isReady ? `${label} is protected, and v${version} has what it asks for.` : `${label} is protected: v${version} lacks what it asks for, and the move would be refused.`}>
      <ul aria-label="What the label asks for" className="mt-1 flex flex-col gap-1.5">
        <Approval {...props} found={data} />
        {data.test_run ? <TestRun {...props} asked={data.test_run} /> : null}
      </ul>
    </Notice>
  );
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
  const has = !found.lacking.includes("approval");
  const who = found.own_approval ? "by an editor" : "by an editor who did not write it";
  const search = { tab: "versions", v: version };
  return (
    <Asked has={has}>
      An approval of v{version}
      {has ? "." : `, ${who}: ${found.review === "in_review" ? "it is in review" : "nobody was asked to review it"}.`}{" "}
      {has ? null : (
        <TextLink to={`/prompts/${slug}`} search={search} onClick={onLeave}>
          {found.review === "in_review" ? "See the review" : "Ask for a review"}
        </TextLink>
      )}
    </Asked>
  );
}

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
