import { TriangleAlert } from "lucide-react";
import { type ReactNode, Suspense, useEffect, useMemo, useRef, useState } from "react";
import type { Schema } from "@/api/client";
import { usePages, useRead } from "@/api/hooks";
import { Held, useSession } from "@/api/session";
import { draftKey, forgetDraft, keepDraft, keptDraft, useUnsaved } from "@/api/unsaved";
import { Badge, ButtonLink, ConfirmDialog, ErrorState, Page, SkeletonText, Tabs, TextLink, announce, toast, toastError } from "@/kit";
import { Here } from "@/kit/Here";
import { spaced } from "@/lib/format";
import { later } from "@/lib/later";
import { usePathParam } from "@/lib/pages";
import { oneOf, useUrlState } from "@/lib/url-state";
import { ArchivedNotice, LifeMenu } from "./Life";
import { type Base, type Version, contentOf } from "./content";
import { type Draft, type State, useDraft } from "./draft";
import { MAIN, type Tip, readTip, useTip } from "./line";
import { AlertIcon } from "./AlertIcon";
import { Trials } from "./Trials";
import { alertedPrompts, failingOf, usePromptFigures, wordOf } from "./figures";

type Prompt = Schema<"PromptAnswer">;
/** What to edit, and on which line. */
type Wanted = { version: Version; line: string };

// A part comes when it is opened.
const EditTab = later(() => import("./EditTab").then((module) => ({ default: module.EditTab })));
const VersionsTab = later(() => import("./VersionsTab").then((module) => ({ default: module.VersionsTab })));
const LineageTab = later(() => import("./LineageTab").then((module) => ({ default: module.LineageTab })));
const ResultsTab = later(() => import("./ResultsTab").then((module) => ({ default: module.ResultsTab })));
const SettingsTab = later(() => import("./SettingsTab").then((module) => ({ default: module.SettingsTab })));

// What the first visit opens comes together with the prompt, instead of after it.
const FIRST: Record<string, { preload: () => Promise<void> }> = { versions: VersionsTab, lineage: LineageTab, results: ResultsTab, settings: SettingsTab };
void (FIRST[new URLSearchParams(location.search).get("tab") ?? ""] ?? EditTab).preload();

const TABS = ["edit", "versions", "lineage", "results", "settings"] as const;
const shape = { tab: oneOf(TABS, "edit") };

export default function PromptPage() {
  const slug = usePathParam("slug");
  const prompt = useRead("/v1/prompts/{slug}", { path: { slug }, query: { label: "latest" } });
  const back = { to: "/prompts", label: "Prompts" };
  const heading = <span className="font-mono text-20">{slug}</span>;
  const found = prompt.data?.slug === slug ? prompt.data : undefined;
  // Asked for together with the prompt where they are what one came for.
  const [{ tab }] = useUrlState(shape);
  usePages("/v1/prompts/{slug}/versions", { path: { slug } }, { enabled: tab === "versions" });
  if (!found) {
    return (
      <Page title={slug} heading={heading} back={back}>
        {prompt.error ? <ErrorState error={prompt.error} onRetry={() => void prompt.refetch()} /> : <SkeletonText lines={8} />}
      </Page>
    );
  }
  return <Workbench key={slug} prompt={found} />;
}

/** Everything of one prompt. The draft lives here, so that it outlives going from tab to tab. */
function Workbench({ prompt }: { prompt: Prompt }) {
  const [{ tab }, set] = useUrlState(shape);
  const { slug } = prompt;
  // It was asked for by "latest": what it says is the newest version.
  const newest = useMemo((): Base => ({ version: prompt.version, ...contentOf(prompt) }), [prompt]);
  const { draft, isDirty, tip } = useKeptDraft(slug, newest);

  const [wanted, setWanted] = useState<Wanted | null>(null);
  const last = useRef<Wanted | null>(null);
  const written = useRef(draft.content);
  written.current = draft.content;
  const goOn = ({ version }: Wanted, base: Base, line: string) => {
    draft.start(base, contentOf(version), line);
    set({ tab: "edit" }, { push: true });
  };
  const editFrom = (one: Wanted) => {
    setWanted(null);
    last.current = one;
    if (one.line === MAIN) return goOn(one, newest, MAIN);
    const { content } = draft;
    readTip(slug, one.line).then((stands) => {
      if (last.current !== one) return; // Another one was asked for since.
      if (written.current !== content) return setWanted(one); // Somebody wrote meanwhile, and is asked first.
      goOn(one, stands ?? newest, stands ? one.line : MAIN);
      if (!stands) toast(`There is no branch ${one.line} any more: this goes on over v${newest.version}, on the main line`);
    }, toastError);
  };
  useArchivingTold(prompt);
  const live = prompt.labels.production;
  return (
    <Page
      title={slug}
      heading={
        <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <span className="font-mono text-20">{slug}</span>
          <span className="flex flex-wrap items-center gap-1.5 tracking-normal">
            {prompt.archived_at ? <Badge tone="warn">archived</Badge> : null}
            {live === undefined ? <Badge tone="warn">not in production</Badge> : <Badge tone="ok">production v{live}</Badge>}
            {live === prompt.latest_version ? null : <Badge>latest v{prompt.latest_version}</Badge>}
            <Trials slug={slug} />
            <OpenAlert slug={slug} />
            <Failing slug={slug} />
          </span>
        </span>
      }
      subtitle={prompt.description ? <span className="line-clamp-3">{prompt.description}</span> : undefined}
      back={{ to: "/prompts", label: "Prompts" }}
      actions={
        <>
          <Here place={`prompts/${slug}`} isEditing={isDirty} />
          <ButtonLink to="/playground" search={{ prompt: slug }}>
            Playground
          </ButtonLink>
          <LifeMenu prompt={prompt} />
        </>
      }
    >
      {prompt.archived_at ? <ArchivedNotice prompt={prompt} /> : null}
      <Held value={prompt.archived_at ? "An archived prompt is restored first." : null}>
      <Tabs
        label="Parts of the prompt"
        value={tab}
        onChange={(next) => set({ tab: next }, { push: true })}
        tabs={[
          { id: "edit", label: "Edit", count: isDirty ? "not saved" : undefined, content: <Later><EditTab prompt={prompt} draft={draft} newest={newest} tip={tip} /></Later> },
          { id: "versions", label: "Versions", count: prompt.latest_version, content: <Later><VersionsTab prompt={prompt} onEdit={(version, line) => (isDirty ? setWanted : editFrom)({ version, line })} /></Later> },
          { id: "lineage", label: "Lineage", content: <Later><LineageTab prompt={prompt} /></Later> },
          { id: "results", label: "Results", content: <Later><ResultsTab slug={slug} labels={prompt.labels} /></Later> },
          { id: "settings", label: "Settings", keeps: true, content: <Later><SettingsTab prompt={prompt} /></Later> },
        ]}
      />
      </Held>
      <ConfirmDialog open={wanted !== null} onOpenChange={() => setWanted(null)} title={`Edit from v${wanted?.version.version ?? ""}?`} submit="Replace the draft" onSubmit={() => (wanted ? editFrom(wanted) : undefined)}>
        What you wrote over v{draft.base.version} is not saved, and is lost.
      </ConfirmDialog>
    </Page>
  );
}

/** Who writes further down, or sees nothing, hears of it when somebody archives the prompt that is open here, or restores it. */
function useArchivingTold({ slug, archived_at }: Prompt) {
  const isArchived = Boolean(archived_at);
  const was = useRef(isArchived);
  useEffect(() => {
    if (was.current !== isArchived) announce(isArchived ? `${slug} was archived: it can be read, and not changed until it is restored` : `${slug} was restored`);
    was.current = isArchived;
  }, [slug, isArchived]);
}

/** The draft, where its line stands, and with it what was written here when the session ended by itself. */
function useKeptDraft(slug: string, newest: Base): { draft: Draft; isDirty: boolean; tip: Tip } {
  const { user, workspace } = useSession();
  const key = draftKey(user.id, workspace?.id ?? "", slug);
  const [kept] = useState(() => keptDraft(key) as State | null);
  const draft = useDraft(newest, kept);
  const { line, base, content, changed, faults, unread, turn } = draft;
  const tip = useTip(slug, line);
  if (tip && tip !== "gone" && tip.whole) draft.follow(tip.whole);
  const isDirty = changed.length > 0 || Object.keys(faults).length > 0;
  useUnsaved(isDirty, slug, () => keepDraft(key, { line, base, content, faults, unread, turn } satisfies State), () => void forgetDraft(key));
  useEffect(() => {
    if (kept && forgetDraft(key)) toast("What you wrote is here again, not saved yet");
  }, [kept, key]);
  return { draft, isDirty, tip };
}

function Later({ children }: { children: ReactNode }) {
  return <Suspense fallback={<SkeletonText lines={6} />}>{children}</Suspense>;
}

function OpenAlert({ slug }: { slug: string }) {
  const open = useRead("/v1/alerts", { query: { prompt: slug, status: "open", limit: 20 } });
  const alert = useMemo(() => alertedPrompts(open.data?.data ?? []).get(slug), [open.data, slug]);
  if (!alert) return null;
  return (
    <TextLink to={`/alerts/${alert.id}`} className="inline-flex finger:py-2 finger:-my-2 no-underline!">
      <span title={spaced(alert.summary)} className="inline-flex">
        <Badge tone={alert.severity === "critical" ? "bad" : "warn"} icon={<AlertIcon alert={alert} />}>
          {wordOf(alert)}
        </Badge>
      </span>
    </TextLink>
  );
}

/** That runs of the last day failed, by what the list of prompts says too; leads to them. */
function Failing({ slug }: { slug: string }) {
  const failing = failingOf(usePromptFigures([slug]).of.get(slug)?.day);
  if (!failing) return null;
  return (
    <TextLink to="/runs" search={{ prompt: slug, status: failing.status }} className="inline-flex finger:py-2 finger:-my-2 no-underline!">
      <Badge tone={failing.isMost ? "bad" : "warn"} icon={<TriangleAlert size={12} aria-hidden />}>
        {failing.words} in 24&nbsp;h
      </Badge>
    </TextLink>
  );
}
