import { Tag } from "lucide-react";
import { useState } from "react";
import { usePages, useRead } from "@/api/hooks";
import { useMay } from "@/api/session";
import { Button, ErrorState, Facts, Loaded, Prose, Section, SkeletonText } from "@/kit";
import { numberOrText, over, text, useUrlState } from "@/lib/url-state";
import { LabelHistory } from "@/pages/prompts/LabelHistory";
import { LabelMove, type Move } from "@/pages/prompts/LabelMove";
import { Against, LabelChips, NoVersion, VersionList, isNoVersion, isOnItsWay, noNumberOf, numberOf, useChosenVersion } from "@/pages/prompts/VersionList";
import { whyNot } from "@/pages/prompts/why";
import { ChainComparison } from "./ChainComparison";
import { Graph } from "./Graph";
import { type Chain, everyStep } from "./chain";
import { DEADLINE_USUAL_S, type Whole, formOf, outputInWords, stepText, stepsOf, whichOf } from "./form";

const shape = { v: numberOrText(), version: numberOrText(), against: numberOrText(), label: over(text()) };
const NEVER_OLD = { staleTime: Number.POSITIVE_INFINITY };
const NOTHING_SEEN = new Map();

/** Every version of a chain with its labels, any two beside each other, and the labels' moves. */
export function VersionsTab({ chain, onEdit }: { chain: Chain; onEdit: (version: Whole & { version: number }) => void }) {
  const [{ v: short, version: long, against: besides, label }, set] = useUrlState(shape);
  const named = short ?? long;
  const [v, against, noNumber] = [numberOf(named), numberOf(besides), noNumberOf(named, besides)];
  const [move, setMove] = useState<Move | null>(null);
  const may = useMay();
  const { slug } = chain;
  const pages = usePages("/v1/chains/{slug}/versions", { path: { slug } });
  const { chosen, other } = useChosenVersion(pages, v, against);
  const choose = (version: number) => set({ v: version, version: null, against: null }, { push: true });
  const [found, beside] = [useVersion(slug, v), useVersion(slug, against)];
  const why = may.editPrompts ? null : whyNot(may);

  if (pages.isPending) return <SkeletonText lines={6} />;
  if (pages.error && pages.rows.length === 0) return <ErrorState error={pages.error} onRetry={pages.retry} />;
  return (
    <div className="flex flex-col gap-5">
      <LabelChips labels={chain.labels} onHistory={(one) => set({ label: one }, { push: true })} />
      <div className="grid grid-cols-1 gap-6 lg:grid-cols-[20rem_minmax(0,1fr)]">
        <VersionList pages={pages} labels={{ ...chain.labels, latest: chain.latest_version }} chosen={noNumber === undefined ? chosen : null} onChoose={choose} />
        {chosen === null ? null : noNumber !== undefined || isNoVersion(found.error) || isNoVersion(beside.error) ? (
          <NoVersion version={noNumber ?? (isNoVersion(found.error) ? chosen : (against ?? 0))} newest={chain.latest_version} onNewest={() => choose(chain.latest_version)} />
        ) : isOnItsWay(pages.rows, v, found) || isOnItsWay(pages.rows, against, beside) ? (
          <SkeletonText lines={8} />
        ) : (
          <section aria-label={`Version ${chosen}`} className="flex min-w-0 flex-col gap-4">
            <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
              <h2 className="flex flex-wrap items-center gap-2 text-16 font-semibold">
                v{chosen}
                {other === null ? null : <Against rows={pages.rows} chosen={chosen} other={other} onChange={(next) => set({ against: next })} />}
              </h2>
              <Acts slug={slug} version={chosen} why={why} onEdit={onEdit} onMove={() => setMove({ version: chosen })} />
            </div>
            {other === null ? null : <Difference slug={slug} a={other} b={chosen} />}
            <Read key={chosen} slug={slug} version={chosen} />
          </section>
        )}
      </div>
      {label ? <LabelHistory of="chains" prompt={chain} label={label} onClose={() => set({ label: "" })} onMove={setMove} why={why} /> : null}
      {move ? <LabelMove of="chains" slug={slug} labels={chain.labels} move={move} onClose={() => setMove(null)} before={(_, from) => (from === null ? null : <Difference slug={slug} a={from} b={move.version} />)} /> : null}
    </div>
  );
}

/** Null: none is asked for. */
function useVersion(slug: string, version: number | null) {
  return useRead("/v1/chains/{slug}/versions/{version}", { path: { slug, version: version ?? 0 } }, { ...NEVER_OLD, enabled: version !== null });
}

function Acts({ slug, version, why, onEdit, onMove }: { slug: string; version: number; why: string | null; onEdit: (version: Whole & { version: number }) => void; onMove: () => void }) {
  const found = useVersion(slug, version);
  const whole = found.data?.version === version ? found.data : null;
  return (
    <span className="flex flex-wrap gap-2">
      <Button disabled={why !== null || !whole} why={why ?? undefined} onClick={() => (whole ? onEdit(whole) : undefined)}>
        Edit from here
      </Button>
      <Button variant="primary" icon={<Tag size={14} aria-hidden />} disabled={why !== null} why={why ?? undefined} onClick={onMove}>
        Move a label here…
      </Button>
    </span>
  );
}

function Difference({ slug, a, b }: { slug: string; a: number; b: number }) {
  const [before, after] = [useVersion(slug, a), useVersion(slug, b)];
  return <Loaded of={before}>{(one) => <Loaded of={after}>{(another) => <ChainComparison before={one} after={another} beforeName={`v${one.version}`} afterName={`v${another.version}`} />}</Loaded>}</Loaded>;
}

/** A version as it stands: its way, each step word for word, and what belongs to none. */
function Read({ slug, version }: { slug: string; version: number }) {
  const found = useVersion(slug, version);
  const [chosen, setChosen] = useState<string | null>(null);
  return (
    <Loaded of={found}>
      {(whole) => {
        const steps = stepsOf(whole);
        const { parameters, output, deadline_s } = formOf(whole);
        const step = everyStep(steps).find((one) => one.id === chosen);
        return (
          <Section title={`All of v${version}`} description="Choose a step to read it word for word.">
            <Graph steps={steps} chosen={step?.id ?? null} onChoose={setChosen} seen={NOTHING_SEEN} />
            {step ? <Prose mono text={stepText(step)} /> : null}
            <Facts
              facts={[
                ["Variables", Object.entries(parameters ?? {}).map(([name, one]) => `${name}${one.type ? ` (${one.type})` : ""}`).join(", ") || whichOf(parameters)],
                ["Output", output === null ? "what the last step says" : <span key="output" className="font-mono text-12 whitespace-break-spaces wrap-anywhere">{outputInWords(output)}</span>],
                ["Deadline", `${deadline_s ?? DEADLINE_USUAL_S} s`],
              ]}
            />
          </Section>
        );
      }}
    </Loaded>
  );
}
