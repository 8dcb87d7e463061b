import { useState } from "react";
import type { Schema } from "@/api/client";
import { useRead } from "@/api/hooks";
import { Checkbox, Loaded, Notice, TextLink } from "@/kit";
import { plural } from "@/lib/format";
import { Comparison } from "./Comparison";
import { LabelMove, type Move } from "./LabelMove";
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
      before={(label, from) => (
        <>
          {label && labels[label] !== move.version ? <Effects slug={slug} label={label} version={move.version} retest={move.back ? null : { is: retest, set: setRetest }} /> : null}
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

const NEVER_OLD = { staleTime: Number.POSITIVE_INFINITY };

/** Prompts that include this one by the label, and change with it; nothing where none does. */
function Effects({ slug, label, version, retest }: { slug: string; label: string; version: number; retest: { is: boolean; set: (retest: boolean) => void } | null }) {
  const { data } = useRead("/v1/prompts/{slug}/labels/{label}/effects", { path: { slug, label }, query: { version } });
  if (!data || data.changed.length === 0) return null;
  return (
    <Notice tone={data.refused ? "bad" : "warn"} title={data.refused ? "This is refused: a prompt that includes it would be none any more." : `${plural(data.changed.length, "version")} of other prompts ${data.changed.length === 1 ? "reads" : "read"} otherwise from then on.`}>
      <ul aria-label="What changes with it" className="mt-1 list-disc pl-5">
        {data.changed.map((one) => (
          <li key={`${one.prompt} ${one.version}`}>
            <TextLink to={`/prompts/${one.prompt}`}>{one.prompt}</TextLink> v{one.version}
            {one.labels.length > 0 ? ` (${one.labels.join(", ")})` : ""}
            {inWords(one)}
          </li>
        ))}
      </ul>
      {retest && !data.refused ? (
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

/** What changed between two versions. */
export function Difference({ slug, a, b }: { slug: string; a: number; b: number }) {
  const before = useRead("/v1/prompts/{slug}/versions/{version}", { path: { slug, version: a } }, NEVER_OLD);
  const after = useRead("/v1/prompts/{slug}/versions/{version}", { path: { slug, version: b } }, NEVER_OLD);
  return <Loaded of={before}>{(one) => <Loaded of={after}>{(other) => <Comparison before={contentOf(one)} after={contentOf(other)} beforeName={`v${one.version}`} afterName={`v${other.version}`} />}</Loaded>}</Loaded>;
}
