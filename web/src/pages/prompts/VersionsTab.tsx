import { useNavigate } from "@tanstack/react-router";
import { Tag } from "lucide-react";
import { type ReactNode, Suspense, useState } from "react";
import type { Schema } from "@/api/client";
import { usePages, useRead } from "@/api/hooks";
import { useMay } from "@/api/session";
import { After, Button, ErrorState, Loaded, Menu, Prose, Section, SkeletonText } from "@/kit";
import { later } from "@/lib/later";
import { id, numberOrText, over, text, useUrlState } from "@/lib/url-state";
import { TestCases } from "@/pages/test-runs/TestCases";
import { BranchList, CherryPick, StartBranch } from "./Branches";
import { Comments } from "./Comments";
import { Difference } from "./Difference";
import type { Move } from "./LabelMove";
import { Review } from "./Review";
import { Against, LabelChips, NoVersion, VersionList, isNoVersion, isOnItsWay, noNumberOf, numberOf, useChosenVersion } from "./VersionList";
import { type Version, contentOf } from "./content";
import { MAIN } from "./line";
import { whyNot } from "./why";

// Dialogs come when they are opened.
const LabelHistory = later(() => import("./LabelHistory").then((module) => ({ default: module.LabelHistory })), { quiet: true });
const MergeBranch = later(() => import("./MergeBranch").then((module) => ({ default: module.MergeBranch })), { quiet: true });
const MoveLabel = later(() => import("./MoveLabel").then((module) => ({ default: module.MoveLabel })), { quiet: true });
const Shorten = later(() => import("./Shorten").then((module) => ({ default: module.Shorten })), { quiet: true });

type Prompt = Schema<"PromptAnswer">;
/** Edits a version, as the next one of a line. */
export type Edit = (version: Version, line: string) => void;

/** `version`: as other pages call it, and as people write it. */
const shape = { v: numberOrText(), version: numberOrText(), against: numberOrText(), label: over(text()), comment: id() };
const NEVER_OLD = { staleTime: Number.POSITIVE_INFINITY };

/** Every version with its labels, any two beside each other, and the labels' moves. */
export function VersionsTab({ prompt, onEdit }: { prompt: Prompt; onEdit: Edit }) {
  const [{ v: short, version: long, against: besides, label, comment }, set] = useUrlState(shape);
  const named = short ?? long;
  const [v, against, noNumber] = [numberOf(named), numberOf(besides), noNumberOf(named, besides)];
  const [move, setMove] = useState<Move | null>(null);
  const [act, setAct] = useState<Asked | null>(null);
  const may = useMay();
  const { slug } = prompt;
  const pages = usePages("/v1/prompts/{slug}/versions", { path: { slug } });
  const { chosen, other } = useChosenVersion(pages, v, against);
  const choose = (version: number) => set({ v: version, version: null, against: null, comment: "" }, { push: true });
  const found = useRead("/v1/prompts/{slug}/versions/{version}", { path: { slug, version: v ?? 0 } }, { ...NEVER_OLD, enabled: v !== null });
  const beside = useRead("/v1/prompts/{slug}/versions/{version}", { path: { slug, version: against ?? 0 } }, { ...NEVER_OLD, enabled: against !== null });

  if (pages.isPending) return <SkeletonText lines={6} />;
  if (pages.error && pages.rows.length === 0) return <ErrorState error={pages.error} onRetry={pages.retry} />;
  return (
    <div className="flex flex-col gap-5">
      <LabelChips labels={prompt.labels} onHistory={(one) => set({ label: one }, { push: true })} />
      <BranchList slug={slug} why={may.editPrompts ? null : whyNot(may)} onChoose={choose} onEdit={onEdit} />
      <div className="grid grid-cols-1 gap-6 lg:grid-cols-[20rem_minmax(0,1fr)]">
        <VersionList pages={pages} labels={prompt.labels} chosen={noNumber === undefined ? chosen : null} onChoose={choose} />
        {chosen === null ? null : noNumber !== undefined || isNoVersion(found.error) || isNoVersion(beside.error) ? (
          <NoVersion version={noNumber ?? (isNoVersion(found.error) ? chosen : (against ?? 0))} newest={prompt.latest_version} onNewest={() => choose(prompt.latest_version)} />
        ) : isOnItsWay(pages.rows, v, found) || isOnItsWay(pages.rows, against, beside) ? (
          <SkeletonText lines={8} />
        ) : (
          <section aria-label={`Version ${chosen}`} className="flex min-w-0 flex-col gap-4">
            <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
              <h2 className="flex flex-wrap items-center gap-2 text-16 font-semibold">
                v{chosen}
                {other === null ? null : <Against rows={pages.rows} chosen={chosen} other={other} onChange={(next) => set({ against: next })} />}
              </h2>
              <Acts slug={slug} version={chosen} newest={prompt.latest_version} why={may.editPrompts ? null : whyNot(may)} onEdit={onEdit} onMove={() => setMove({ version: chosen })} onAct={(what) => setAct({ what, version: chosen, newest: prompt.latest_version })} />
            </div>
            <Review key={chosen} slug={slug} version={chosen} />
            {other === null ? <Whole slug={slug} version={chosen} /> : <Difference slug={slug} a={other} b={chosen} />}
            <Below slug={slug} versions={other === null ? [chosen] : [chosen, other]}>
              {(isShown) => (
                <>
                  <TestCases key={`cases ${chosen}`} slug={slug} version={chosen} />
                  <Comments key={`${chosen} ${comment}`} slug={slug} version={chosen} against={other} wanted={isShown ? comment : ""} />
                </>
              )}
            </Below>
          </section>
        )}
      </div>
      {act ? <Suspense fallback={null}><ActDialog asked={act} slug={slug} onClose={() => setAct(null)} onEdit={onEdit} onSaved={(saved) => set({ v: saved, version: null, against: null, comment: "" })} /></Suspense> : null}
      {label ? <Suspense fallback={null}><LabelHistory prompt={prompt} label={label} onClose={() => set({ label: "" })} onMove={(back) => setMove(back)} why={may.editPrompts ? null : whyNot(may)} /></Suspense> : null}
      {move ? <Suspense fallback={null}><MoveLabel slug={slug} labels={prompt.labels} move={move} onClose={() => setMove(null)} /></Suspense> : null}
    </div>
  );
}

/** What stands below the difference is shown with it: nobody knows beforehand how long that is. */
function Below({ slug, versions: [one, other], children }: { slug: string; versions: readonly number[]; children: (isShown: boolean) => ReactNode }) {
  const first = useRead("/v1/prompts/{slug}/versions/{version}", { path: { slug, version: one ?? 1 } }, NEVER_OLD);
  const second = useRead("/v1/prompts/{slug}/versions/{version}", { path: { slug, version: other ?? one ?? 1 } }, NEVER_OLD);
  const isShown = Boolean(first.data ?? first.error) && Boolean(second.data ?? second.error);
  return <After what={isShown}>{children(isShown)}</After>;
}

type Act = "branch" | "pick" | "merge" | "shorten";
/** With the versions as they were when it was asked: what is saved meanwhile is not what one looked at. */
type Asked = { what: Act; version: number; newest: number };

function ActDialog({ asked: { what, version, newest }, slug, onClose, onEdit, onSaved }: { asked: Asked; slug: string; onClose: () => void; onEdit: Edit; onSaved: (version: number) => void }) {
  if (what === "branch") return <StartBranch slug={slug} version={version} onClose={onClose} onEdit={onEdit} />;
  if (what === "pick") return <CherryPick slug={slug} version={version} newest={newest} onClose={onClose} onSaved={onSaved} />;
  if (what === "merge") return <MergeBranch slug={slug} newest={newest} onClose={onClose} onSaved={onSaved} />;
  return <Shorten slug={slug} version={version} onClose={onClose} onSaved={onSaved} />;
}

function Acts({ slug, version, newest, why, onEdit, onMove, onAct }: { slug: string; version: number; newest: number; why: string | null; onEdit: Edit; onMove: () => void; onAct: (act: Act) => void }) {
  const found = useRead("/v1/prompts/{slug}/versions/{version}", { path: { slug, version } }, NEVER_OLD);
  const whole = found.data?.version === version ? found.data : null;
  const navigate = useNavigate();
  return (
    <span className="flex flex-wrap gap-2">
      <Button disabled={why !== null || !whole} why={why ?? undefined} onClick={() => (whole ? onEdit(whole, version === newest ? MAIN : (whole.branch ?? MAIN)) : undefined)}>
        Edit from here
      </Button>
      <Button variant="primary" icon={<Tag size={14} aria-hidden />} disabled={why !== null} why={why ?? undefined} onClick={onMove}>
        Move a label here…
      </Button>
      <Menu
        label="More with this version"
        items={[
          { label: "Start a branch here…", onSelect: () => onAct("branch"), disabled: why !== null },
          { label: "Take parts of it over…", onSelect: () => onAct("pick"), disabled: why !== null },
          { label: "Merge a branch…", onSelect: () => onAct("merge"), disabled: why !== null },
          { label: "Try it in an experiment…", onSelect: () => void navigate({ to: "/experiments", search: { new: "1", prompt: slug, version: String(version) } as never }), disabled: why !== null },
          { label: "Shorten it…", onSelect: () => onAct("shorten"), disabled: why !== null },
        ]}
      />
    </span>
  );
}

/** The texts of a version that there is nothing to compare with. */
function Whole({ slug, version }: { slug: string; version: number }) {
  const found = useRead("/v1/prompts/{slug}/versions/{version}", { path: { slug, version } }, NEVER_OLD);
  return (
    <Loaded of={found}>
      {(one) => (
        <div className="flex flex-col gap-4">
          {contentOf(one).messages.map((message, index) => (
            <Section key={index} framed title={`Message ${index + 1}, ${message.role}`}>
              <Prose mono text={message.content ?? message.name ?? ""} />
            </Section>
          ))}
        </div>
      )}
    </Loaded>
  );
}
