import { useEffect, useState } from "react";
import type { Schema } from "@/api/client";
import { useRead } from "@/api/hooks";
import { Checkbox, Notice, TextLink } from "@/kit";
import { plural } from "@/lib/format";
import { Difference } from "./Difference";
import { LabelMove, type Move, type OnRefused, useRefusal } from "./LabelMove";
import { Protected } from "./Protected";
import { TakenBack } from "./Trials";
import { contentOf, newlyRequired } from "./content";

/** Moves a label of a prompt. It says beforehand what changes for whoever asks for it. */
export function MoveLabel({ slug, labels, move, onClose }: { slug: string; labels: Record<string, number>; move: Move; onClose: () => void }) {
  const [retest, setRetest] = useState(false);
  return (
    <LabelMove
      of="prompts"
      slug={slug}
      labels={labels}
      move={move}
      onClose={onClose}
      retest={retest}
      before={(label, from, onSaid, onRefused) => (
        <>
          {label && !move.back && labels[label] !== move.version ? <Protected slug={slug} label={label} version={move.version} onLeave={onClose} onRefused={onRefused} /> : null}
          {label && labels[label] !== move.version ? <TakenBack slug={slug} version={move.version} /> : null}
          {label && from !== null ? <Effects slug={slug} label={label} version={move.version} onSaid={onSaid} onRefused={onRefused} retest={move.back ? null : { is: retest, set: setRetest }} /> : null}
          {from === null ? null : (
            <>
              <Asked slug={slug} a={from} b={move.version} />
              <Difference slug={slug} a={from} b={move.version} />
            </>
          )}
        </>
      )}
    />
  );
}

const NONE: readonly string[] = [];
const NEVER_OLD = { staleTime: Number.POSITIVE_INFINITY };

/** What hangs on the label: experiments on its calls, and prompts that include this one by it; nothing where there are none. */
function Effects({ slug, label, version, onSaid, onRefused, retest }: { slug: string; label: string; version: number; onSaid: (warnings: readonly string[]) => void; onRefused: OnRefused; retest: { is: boolean; set: (retest: boolean) => void } | null }) {
  const { data } = useRead("/v1/prompts/{slug}/labels/{label}/effects", { path: { slug, label }, query: { version } });
  const warnings = (data as Partial<NonNullable<typeof data>> | undefined)?.warnings ?? NONE; // a gateway of the release before tells none
  useEffect(() => {
    onSaid(warnings);
    return () => onSaid(NONE);
  });
  useRefusal(onRefused, "effects", data?.refused ? `${label} cannot move to v${version}: a prompt that includes it would be none any more.` : null);
  if (!data) return null;
  return (
    <>
      {warnings.length > 0 ? (
        <Notice tone="warn" title={`What to know of v${version}.`}>
          {warnings.join(" ")}
        </Notice>
      ) : null}
      <OnItsCalls experiments={data.experiments} label={label} />
      <Others changed={data.changed} refused={data.refused} retest={retest} />
    </>
  );
}

/** Experiments on the label's calls: who takes part is not moved with it. */
function OnItsCalls({ experiments, label }: { experiments: Schema<"ExperimentOnLabel">[]; label: string }) {
  if (experiments.length === 0) return null;
  const many = experiments.length > 1;
  return (
    <Notice tone="warn" title={many ? "Experiments are on these calls." : `${experiments[0]?.kind === "rollout" ? "A guarded rollout" : "An experiment"} is on these calls.`}>
      Who takes part goes on getting an arm of{" "}
      {experiments.map((one, at) => (
        <span key={one.id}>
          {at > 0 ? ", " : ""}
          <TextLink to={`/experiments/${one.id}`}>{one.name}</TextLink>
          {one.status === "paused" ? " (paused)" : ""}
        </span>
      ))}
      , wherever {label} stands. Pause or end {many ? "them" : "it"} where everybody is to get this version.
    </Notice>
  );
}

function Others({ changed, refused, retest }: { changed: Schema<"AffectedAnswer">[]; refused: boolean; retest: { is: boolean; set: (retest: boolean) => void } | null }) {
  if (changed.length === 0) return null;
  return (
    <Notice tone={refused ? "bad" : "warn"} title={refused ? "This is refused: a prompt that includes it would be none any more." : `${plural(changed.length, "version")} of other prompts ${changed.length === 1 ? "reads" : "read"} otherwise from then on.`}>
      <ul aria-label="What changes with it" className="mt-1 list-disc pl-5">
        {changed.map((one) => (
          <li key={`${one.prompt} ${one.version}`}>
            <TextLink to={`/prompts/${one.prompt}`}>{one.prompt}</TextLink> v{one.version}
            {one.labels.length > 0 ? ` (${one.labels.join(", ")})` : ""}
            {inWords(one)}
          </li>
        ))}
      </ul>
      {retest && !refused ? (
        <div className="mt-2">
          <Checkbox label="Begin their newest test runs again" hint="Each costs what it cost before." checked={retest.is} onChange={(event) => retest.set(event.target.checked)} />
        </div>
      ) : null}
    </Notice>
  );
}

function inWords({ problem, new_required: asks, no_longer_used: unused }: Schema<"AffectedAnswer">): string {
  if (problem) return `: ${problem}`;
  const said = [asks.length > 0 && `asks for ${asks.join(", ")}`, unused.length > 0 && `uses ${unused.join(", ")} no longer`].filter(Boolean).join(", ");
  return said && `: ${said}`;
}
/** Variables that callers of the version before do not send yet. */
function Asked({ slug, a, b }: { slug: string; a: number; b: number }) {
  const before = useRead("/v1/prompts/{slug}/versions/{version}", { path: { slug, version: a } }, NEVER_OLD).data;
  const after = useRead("/v1/prompts/{slug}/versions/{version}", { path: { slug, version: b } }, NEVER_OLD).data;
  const names = before && after ? newlyRequired(contentOf(before), contentOf(after)) : [];
  if (names.length === 0) return null;
  return (
    <Notice tone="warn" title={`v${b} needs what v${a} did not: ${names.join(", ")}.`}>
      A call without {names.length === 1 ? "it" : "them"} is refused. Let your applications send {names.length === 1 ? "it" : "them"} first, or give {names.length === 1 ? "it a default" : "them defaults"}.
    </Notice>
  );
}
