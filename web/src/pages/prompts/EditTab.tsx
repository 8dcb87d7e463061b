import { GitBranch } from "lucide-react";
import { useMemo, useState } from "react";
import type { Schema } from "@/api/client";
import { useModels } from "@/api/models";
import { useMay, useSession } from "@/api/session";
import { useAuthors } from "@/api/authors";
import { useRead } from "@/api/hooks";
import { Badge, Button, Money, Notice, RelativeTime, toast } from "@/kit";
import { type Files, filesOf } from "@/lib/attached";
import { count } from "@/lib/format";
import { type PromptTemplate, inspectTemplate, render } from "@/lib/template";
import { withAttached } from "@/lib/values";
import { MOD, useHotkey } from "@/shell/keys";
import { Checks } from "./Checks";
import { Messages } from "./Messages";
import { ModelSettings } from "./ModelSettings";
import { ModelTexts } from "./ModelTexts";
import { NewerVersion } from "./NewerVersion";
import { SaveVersion } from "./SaveVersion";
import { Tools } from "./Tools";
import { TryIt, useTrial } from "./TryIt";
import { Variables } from "./Variables";
import { type Base, contentOf, nameOf, roughTokens } from "./content";
import type { Draft } from "./draft";
import { MAIN, type Tip } from "./line";
import { useSamples, valuesOf } from "./samples";
import { whyNot } from "./why";

type Prompt = Schema<"PromptAnswer">;

/** Most tokens that an answer may have where a version says nothing (docs/guides/executions.md). */
const USUAL_MAX_TOKENS = 4_096;

/** The text, the variables and the settings of the next version, and a place to try them. */
export function EditTab({ prompt, draft, newest, tip }: { prompt: Prompt; draft: Draft; /** Of the main line. */ newest: Base; /** Of the draft's branch. */ tip: Tip }) {
  const { user, workspace } = useSession();
  const may = useMay();
  const [samples, setSample] = useSamples(user.id, workspace?.id ?? "", prompt.slug);
  const [saving, setSaving] = useState(false);
  const [newer, setNewer] = useState<number | null>(null);
  const { template, error } = draft.template;
  const shown = useLastRead(template);
  const [files, setFiles] = useState<Files>({});
  const found = useMemo(() => (template ? withAttached(valuesOf(template, samples), template, files) : null), [template, samples, files]);
  const running = useTrial(prompt.slug, draft, found);
  const known = useKnown(draft);
  const readOnly = !may.editPrompts;
  const isGone = tip === "gone";
  const stands = draft.line === MAIN ? prompt.latest_version : tip === null || isGone ? draft.base.version : tip.version;
  const isOld = stands > draft.base.version;

  const why = isGone ? `There is no branch ${draft.line} any more.` : draft.changed.length === 0 ? "Nothing has changed." : error ? error.message : (Object.values(draft.faults)[0] ?? null);
  const save = () => {
    if (readOnly || why) return;
    if (isOld) setNewer(stands);
    else setSaving(true);
  };
  const discard = () => {
    const { base, content, line, start } = draft;
    start(base, contentOf(base), line);
    toast("The draft is discarded", { label: "Undo", run: () => start(base, content, line) });
  };
  const run = () => {
    if (may.run) running.start();
  };
  useHotkey("mod+s", save);
  useHotkey("mod+enter", run);

  return (
    <div className="flex flex-col gap-4">
      <div className="sticky top-12 z-20 -mx-4 -mt-3 flex flex-col gap-2 bg-bg px-4 py-2 short:static md:top-0 md:mx-0 md:px-0">
        <div className="flex min-h-8 flex-wrap items-center justify-between gap-x-4 gap-y-2">
        <State slug={prompt.slug} draft={draft} />
        <span className="flex flex-wrap items-center gap-2">
          {draft.line !== MAIN && draft.changed.length === 0 && Object.keys(draft.faults).length === 0 ? <Button onClick={() => draft.start(newest, contentOf(newest), MAIN)}>Back to the main line</Button> : null}
          {draft.changed.length > 0 ? <Button onClick={discard}>Discard</Button> : null}
          <Button variant="primary" onClick={save} disabled={readOnly || why !== null} why={readOnly ? whyNot(may) : (why ?? "")} title={`${MOD}S`}>
            Save…
          </Button>
        </span>
        </div>
      {isOld && draft.changed.length > 0 ? (
        <Notice tone="warn" title={`v${stands} was saved meanwhile${draft.line === MAIN ? "" : ` on ${draft.line}`}.`} action={<Button size="s" onClick={() => setNewer(stands)}>See what changed</Button>}>
          What you write here still lies over v{draft.base.version}.
        </Notice>
      ) : null}
      {isGone ? (
        <Notice tone="warn" title={`There is no branch ${draft.line} any more.`} action={<Button size="s" onClick={() => draft.start(newest, draft.content, MAIN)}>Go on over v{newest.version}</Button>}>
          Somebody removed it, so nothing can be saved on it. Its versions stay. You can go on with this text on the main line.
        </Notice>
      ) : null}
      </div>
      <div className="grid grid-cols-1 gap-6 lg:grid-cols-[minmax(0,1fr)_23rem] lg:grid-rows-[auto_1fr]">
        <div className="order-1 flex min-w-0 flex-col gap-4">
          <Messages messages={draft.content.messages} onChange={(messages) => draft.set({ messages })} variables={known} readOnly={readOnly} faultAt={error?.param ?? null} onRun={run} onSave={save} />
          {error ? (
            <p role="alert" className="rounded-m bg-bad-soft px-3 py-2 text-13">
              {error.message}
            </p>
          ) : null}
          <Estimate draft={draft} texts={textsOf(draft, found)} />
          <ModelTexts content={draft.content} set={draft.set} variables={known} readOnly={readOnly} faultAt={null} onRun={run} onSave={save} />
        </div>
        <div className="contents lg:order-2 lg:row-span-2 lg:flex lg:min-w-0 lg:flex-col lg:gap-4">
          <Variables className="order-2" template={shown} known={known} parameters={draft.content.parameters ?? {}} onParameters={(parameters) => draft.set({ parameters: Object.keys(parameters).length > 0 ? parameters : undefined })} samples={samples} onSample={setSample} files={files} onFiles={(name, change) => setFiles((before) => ({ ...before, [name]: change(filesOf(before, name)) }))} found={found} readOnly={readOnly} />
          <ModelSettings className="order-4" key={draft.turn} content={draft.content} set={draft.set} setFault={draft.setFault} faults={draft.faults} unread={draft.unread} readOnly={readOnly} />
          <Tools className="order-4" key={`tools ${draft.turn}`} content={draft.content} set={draft.set} setFault={draft.setFault} faults={draft.faults} unread={draft.unread} readOnly={readOnly} />
          <Checks className="order-4" key={`checks ${draft.turn}`} content={draft.content} set={draft.set} setFault={draft.setFault} faults={draft.faults} unread={draft.unread} readOnly={readOnly} />
        </div>
        <div className="order-3 min-w-0">
          <TryIt running={running} mayRun={may.run} />
        </div>
      </div>
      <SaveVersion slug={prompt.slug} draft={draft} labels={labelsOf(prompt)} open={saving} onOpenChange={setSaving} onNewer={setNewer} />
      {newer === null ? null : <NewerVersion slug={prompt.slug} version={newer} draft={draft} open onOpenChange={() => setNewer(null)} />}
    </div>
  );
}

export function labelsOf(prompt: { labels: Record<string, number> }): string[] {
  return [...new Set(["production", "staging", ...Object.keys(prompt.labels)])].filter((label) => label !== "latest");
}

function State({ slug, draft }: { slug: string; draft: Draft }) {
  const nameOfAuthor = useAuthors();
  const { base, changed, line } = draft;
  const of = useRead("/v1/prompts/{slug}/versions/{version}", { path: { slug, version: base.version } }, { staleTime: Number.POSITIVE_INFINITY }).data;
  const onBranch = line === MAIN ? null : <LineBadge line={line} />;
  if (changed.length > 0) {
    return (
      <p className="text-13">
        <strong className="font-semibold">Not saved:</strong> {changed.map(nameOf).join(", ")} <span className="text-muted">over v{base.version}</span> {onBranch}
      </p>
    );
  }
  return (
    <p className="min-w-0 text-13 text-muted">
      {onBranch} v{base.version}
      {of?.version === base.version ? (
        <>
          , <bdi>{nameOfAuthor(of.author)}</bdi>, <RelativeTime at={of.created_at} />
          {of.message ? <>: <bdi>{of.message}</bdi></> : null}
        </>
      ) : null}
    </p>
  );
}

function LineBadge({ line }: { line: string }) {
  return (
    <Badge tone="accent" icon={<GitBranch size={12} aria-hidden />}>
      {`branch ${line}`}
    </Badge>
  );
}

/** The last template that could be read: what is half written takes no variable away. */
function useLastRead(template: PromptTemplate | null): PromptTemplate | null {
  const [last, setLast] = useState(template);
  if (template && template !== last) setLast(template);
  return template ?? last;
}

/** Variables that the saved version has, and those that are declared: any other in the text may be a slip. */
function useKnown(draft: Draft): string[] {
  return useMemo(() => {
    const before = contentOf(draft.base).messages.flatMap((message) => inspectTemplate(message.content ?? "").slots.map((slot) => slot.name));
    return [...new Set([...before, ...Object.keys(draft.content.parameters ?? {})])].sort();
  }, [draft.base, draft.content.parameters]);
}

function textsOf(draft: Draft, found: ReturnType<typeof valuesOf> | null): string[] {
  const { template } = draft.template;
  if (template && found && found.missing.length === 0 && Object.keys(found.faults).length === 0) {
    try {
      return render(template, found.values).messages.map((message) => (typeof message.content === "string" ? message.content : ""));
    } catch {
      // A value that does not fit is told beside it.
    }
  }
  return draft.content.messages.map((message) => message.content ?? "");
}

export function Estimate({ draft, texts }: { draft: Draft; texts: string[] }) {
  const { models, isPending } = useModels();
  const model = models.find((one) => one.id === draft.content.model);
  const tokens = roughTokens(texts);
  const most = typeof draft.content.max_tokens === "number" ? draft.content.max_tokens : USUAL_MAX_TOKENS;
  const price = (each: number | null | undefined, n: number) => (each === null || each === undefined ? null : (each * n) / 1e6);
  const [input, output] = [price(model?.input_price_nusd_per_million, tokens), price(model?.output_price_nusd_per_million, most)];
  return (
    <p className="numeric flex flex-wrap gap-x-4 gap-y-1 text-12 text-muted">
      <span>
        ≈ {count(tokens)} tokens in{input === null ? "" : ", "}
        {input === null ? null : <Money nusd={input} />}
      </span>
      <span>
        at most {count(most)} out{output === null ? "" : ", "}
        {output === null ? null : <Money nusd={output} />}
      </span>
      {model === undefined && !isPending ? <span className="min-w-0 wrap-anywhere">No price is known for {draft.content.model}.</span> : null}
    </p>
  );
}
