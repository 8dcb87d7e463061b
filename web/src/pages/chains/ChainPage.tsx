import { ListChecks, Play, Square } from "lucide-react";
import { type ReactNode, Suspense, useState } from "react";
import { useChange, usePages, useRead } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Badge, Button, ButtonLink, CodeEditor, type Column, ConfirmDialog, EmptyState, ErrorState, Field, FieldFault, FormDialog, FormError, Input, Money, Notice, Page, PagedTable, Prose, RelativeTime, Section, SimulatedBadge, SkeletonText, StatusBadge, Tabs, Textarea, tellWarnings, toast, toastError } from "@/kit";
import { Here } from "@/kit/Here";
import { plural, spaced } from "@/lib/format";
import { later } from "@/lib/later";
import { own } from "@/lib/own";
import { usePathParam } from "@/lib/pages";
import { oneOf, over, text, useUrlState } from "@/lib/url-state";
import { type Chain, type RunItem, type Step, after, everyStep, freshId, lean, moved, replaced, without } from "./chain";
import { About } from "./About";
import { FormPanel } from "./FormPanel";
import { Graph } from "./Graph";
import { RunDrawer } from "./RunDrawer";
import { StepForm } from "./StepForm";
import { type Form, type Whole as Content, leanForm } from "./form";
import { useChainRun } from "./useChainRun";
import { type Draft, useSteps } from "./useSteps";

// Most visits do not open it.
const VersionsTab = later(() => import("./VersionsTab").then((module) => ({ default: module.VersionsTab })));

const shape = { tab: oneOf(["chain", "versions", "runs", "about"], "chain"), run: over(text()), comment: text() };
const JSON_INDENT = 2;

export default function ChainPage() {
  const slug = usePathParam("slug");
  const found = useRead("/v1/chains/{slug}", { path: { slug }, query: { label: "latest" } });
  const chain = found.data?.slug === slug ? found.data : undefined;
  const back = { to: "/chains", label: "Chains" };
  if (!chain) {
    return (
      <Page title={slug} heading={<span className="font-mono text-20">{slug}</span>} back={back}>
        {found.error ? <ErrorState error={found.error} onRetry={() => void found.refetch()} /> : <SkeletonText lines={8} />}
      </Page>
    );
  }
  return <Workbench key={slug} chain={chain} />;
}

function Workbench({ chain }: { chain: Chain }) {
  const [{ tab, run, comment }, set] = useUrlState(shape);
  const draft = useSteps(chain);
  const { slug } = chain;
  const live = chain.labels["production"];
  const may = useMay();
  const [wanted, setWanted] = useState<(Content & { version: number }) | null>(null);
  const editFrom = (version: Content & { version: number }) => {
    setWanted(null);
    draft.start(version);
    set({ tab: "chain" }, { push: true });
  };
  const move = useChange("put", "/v1/chains/{slug}/labels/{label}", { invalidates: ["/v1/chains"] });
  const publish = () => move.mutate({ path: { slug, label: "production" }, body: { version: chain.version, reason: "" } }, { onSuccess: () => toast(`production is v${chain.version}`), onError: toastError });
  return (
    <Page
      title={slug}
      back={{ to: "/chains", label: "Chains" }}
      heading={
        <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <span className="font-mono text-20">{slug}</span>
          <span className="flex flex-wrap gap-1.5 tracking-normal">
            {chain.archived_at ? <Badge tone="warn">archived</Badge> : null}
            {live === undefined ? <Badge tone="warn">not in production</Badge> : <Badge tone="ok">production v{live}</Badge>}
            {live === chain.version ? null : <Badge>latest v{chain.version}</Badge>}
          </span>
        </span>
      }
      subtitle={chain.description ? <span className="line-clamp-3">{chain.description}</span> : undefined}
      actions={
        <>
          <Here place={`chains/${slug}`} isEditing={draft.isDirty} />
          {chain.archived_at || !may.edit ? null : (
            <ButtonLink to="/test-runs" search={{ new: "1", chain: slug, version: String(chain.version) }} icon={<ListChecks size={14} aria-hidden />}>
              Test on a dataset
            </ButtonLink>
          )}
          {live === chain.version ? null : (
            <Button onClick={publish} busy={move.isPending} disabled={!may.editPrompts} why={needs("editor")}>
              Make v{chain.version} live
            </Button>
          )}
        </>
      }
    >
      <Tabs
        label="Parts of the chain"
        value={tab}
        onChange={(next) => set({ tab: next }, { push: true })}
        tabs={[
          { id: "chain", label: "Chain", count: draft.isDirty ? "not saved" : undefined, content: <Edit chain={chain} draft={draft} /> },
          { id: "versions", label: "Versions", count: chain.latest_version, content: <Later><VersionsTab chain={chain} onEdit={draft.isDirty ? setWanted : editFrom} /></Later> },
          { id: "runs", label: "Runs", content: <Runs slug={slug} onOpen={(id) => set({ run: id }, { push: true })} /> },
          { id: "about", label: "Settings", keeps: true, content: <About chain={chain} /> },
        ]}
      />
      <RunDrawer id={run} wanted={comment} onClose={() => set({ run: "", comment: "" })} />
      <ConfirmDialog open={wanted !== null} onOpenChange={() => setWanted(null)} title={`Edit from v${wanted?.version ?? ""}?`} submit="Replace the draft" onSubmit={() => (wanted ? editFrom(wanted) : undefined)}>
        What you wrote over v{draft.base.version} is not saved, and is lost.
      </ConfirmDialog>
    </Page>
  );
}

function Later({ children }: { children: ReactNode }) {
  return <Suspense fallback={<SkeletonText lines={6} />}>{children}</Suspense>;
}

/** The form as it is being written, over the newest version. */
function Edit({ chain, draft }: { chain: Chain; draft: Draft }) {
  const may = useMay();
  const { base, steps, form, unread, chosen, isDirty, isBehind, takeNewest, choose, change } = draft;
  const [saving, setSaving] = useState(false);
  const [whole, setWhole] = useState(false);
  const running = useChainRun(chain.slug);
  const step = everyStep(steps).find((one) => one.id === chosen) ?? steps[0];
  const parameters = Object.keys(form.parameters ?? {});
  const fault = Object.keys(unread).length > 0 ? "A value under “Variables and output” cannot be read yet." : null;
  const readOnly = !may.editPrompts;
  const add = (id: string) => {
    const fresh = freshId(steps);
    change(after(steps, id, { id: fresh, prompt: null, variables: {} }));
    choose(fresh);
  };
  return (
    <div className="grid items-start gap-6 lg:grid-cols-[minmax(0,1fr)_24rem]">
      <div className="flex min-w-0 flex-col gap-4">
        <div className="flex flex-wrap items-center justify-between gap-2">
          <p className="text-13 text-muted">{isDirty ? `Not saved, over v${base.version}` : `v${base.version}, ${plural(everyStep(steps).length, "step")}`}</p>
          <span className="flex gap-2">
            <Button size="s" onClick={() => setWhole(true)}>
              The whole form
            </Button>
            <Button size="s" variant="primary" disabled={readOnly || !isDirty || fault !== null} why={readOnly ? needs("editor") : (fault ?? undefined)} onClick={() => setSaving(true)}>
              Save…
            </Button>
          </span>
        </div>
        {isBehind ? (
          <Notice tone="warn" title={`v${chain.version} was saved meanwhile.`} action={<Button size="s" onClick={takeNewest}>Go on from v{chain.version}</Button>}>
            What you changed here lies over v{base.version}, and is thrown away where you go on from the newest.
          </Notice>
        ) : null}
        <Graph steps={steps} chosen={step?.id ?? null} onChoose={choose} seen={running.steps} />
        <Try chain={base} isDirty={isDirty} running={running} />
      </div>
      <div className="flex min-w-0 flex-col gap-4">
        {step ? <StepForm key={step.id} step={step} steps={steps} parameters={parameters} readOnly={readOnly} why={needs("editor")} onChange={(next) => change((now) => replaced(now, step.id, typeof next === "function" ? next(everyStep(now).find((one) => one.id === step.id) ?? step) : next))} onAdd={() => add(step.id)} onRemove={() => change(without(steps, step.id))} onMove={(by) => change(moved(steps, step.id, by))} /> : null}
        <FormPanel draft={draft} readOnly={readOnly} why={needs("editor")} />
      </div>
      {saving ? <Save chain={base} steps={steps} form={form} onSaved={draft.settle} onClose={() => setSaving(false)} /> : null}
      {whole ? <Whole steps={steps} readOnly={readOnly} onChange={change} onClose={() => setWhole(false)} /> : null}
    </div>
  );
}

/** The whole version is sent: what is null is not set in it. */
function Save({ chain, steps, form, onSaved, onClose }: { chain: Chain; steps: readonly Step[]; form: Form; onSaved: (made: object) => void; onClose: () => void }) {
  const [message, setMessage] = useState("");
  const save = useChange("post", "/v1/chains/{slug}/versions", { invalidates: ["/v1/chains"] });
  const body = { base_version: chain.version, message: message.trim(), steps: steps.map(lean), ...leanForm(form) };
  const saved = (made: { version: number; is_new?: boolean | null; warnings?: readonly string[] | null }) => {
    onClose();
    if (made.is_new === false) toast(`Nothing was saved: v${made.version} says exactly this`);
    else {
      onSaved(made);
      toast(`v${made.version} is saved`);
    }
    tellWarnings(made);
  };
  const submit = () => save.mutate({ path: { slug: chain.slug }, body: body as never }, { onSuccess: saved });
  return (
    <FormDialog open onOpenChange={(open) => !open && onClose()} title="Save as the next version" description={`Over v${chain.version}. Nobody is served it until a label moves there.`} submit="Save" onSubmit={submit} busy={save.isPending} error={save.error}>
      <Field label="Note" hint="Why, for whoever reads the versions.">
        <Input autoFocus value={message} maxLength={2_000} onChange={(event) => setMessage(event.target.value)} />
      </Field>
      <Faults error={save.error} />
    </FormDialog>
  );
}

/** Every fault of the form by its place. */
function Faults({ error }: { error: unknown }) {
  const problems = (error as { details?: { problems?: { param: string; message: string }[] } } | null)?.details?.problems ?? [];
  if (problems.length < 2) return null;
  return (
    <ul className="flex flex-col gap-1 text-12">
      {problems.map((one) => (
        <li key={one.param + one.message}>
          <code>{one.param}</code>: {one.message}
        </li>
      ))}
    </ul>
  );
}

/** The steps as JSON: for lists at once, cases and fallbacks. */
function Whole({ steps, readOnly, onChange, onClose }: { steps: readonly Step[]; readOnly: boolean; onChange: (steps: Step[]) => void; onClose: () => void }) {
  const [written, setWritten] = useState(() => JSON.stringify(steps.map(lean), null, JSON_INDENT));
  const [fault, setFault] = useState<string | null>(null);
  const take = () => {
    try {
      const read: unknown = JSON.parse(written);
      if (!Array.isArray(read) || read.length === 0 || read.some((one) => typeof (one as Step).id !== "string")) throw new Error("A list of steps is needed, each with an id.");
      onChange(read as Step[]);
      onClose();
    } catch (error) {
      setFault(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <FormDialog wide open onOpenChange={(open) => !open && onClose()} title="The whole form" description="A step has an id and one of prompt, parallel, choose and stop." submit="Take it over" onSubmit={take} disabled={readOnly}>
      <CodeEditor label="Steps" language="json" value={written} onChange={setWritten} readOnly={readOnly} minLines={12} maxLines={24} />
      <FieldFault text={fault ?? undefined} />
    </FormDialog>
  );
}

function Try({ chain, isDirty, running }: { chain: Chain; isDirty: boolean; running: ReturnType<typeof useChainRun> }) {
  const may = useMay();
  const parameters = Object.entries((chain.parameters ?? {}) as Record<string, { type?: string; description?: string }>);
  const [values, setValues] = useState<Record<string, string>>({});
  const [fault, setFault] = useState<string | null>(null);
  const start = () => {
    try {
      const variables = Object.fromEntries(parameters.flatMap(([name, { type }]) => (own(values, name) ? [[name, type && type !== "string" && type !== "image_url" ? (JSON.parse(values[name]!) as unknown) : values[name]]] : [])));
      setFault(null);
      running.start(variables, chain.version);
    } catch {
      setFault("A value that is no text is written as JSON: 3, true, {\"a\": 1}, [1, 2].");
    }
  };
  const { run, texts, error } = running;
  return (
    <Section framed title="Try it" description={isDirty ? `Runs v${chain.version}, which is saved, without your changes.` : `Runs v${chain.version} for real, and costs what its steps cost.`}>
      {parameters.map(([name, { type, description }]) => (
        <Field key={name} label={name} hint={[description, type && type !== "string" ? type : null].filter(Boolean).join(", ") || undefined}>
          <Textarea rows={2} value={own(values, name) ?? ""} onChange={(event) => setValues({ ...values, [name]: event.target.value })} />
        </Field>
      ))}
      <FieldFault text={fault ?? undefined} />
      <div className="flex flex-wrap items-center gap-2">
        <Button variant="primary" icon={<Play size={14} aria-hidden />} busy={running.isRunning} disabled={!may.run} why={needs("editor")} onClick={start}>
          Run
        </Button>
        {running.isRunning ? (
          <Button icon={<Square size={12} aria-hidden />} onClick={running.stop}>
            Stop
          </Button>
        ) : null}
        {run ? (
          <>
            <StatusBadge status={run.status} /> <Money nusd={run.cost_nusd} />
            {run.simulated ? <SimulatedBadge /> : null}
          </>
        ) : null}
      </div>
      <FormError error={error} />
      {!run && texts.size > 0 ? [...texts].map(([step, said]) => <Said key={step} name={step} said={said} />) : null}
      {run && (run.output !== null || !run.error) ? <Said name="Output" said={run.output} /> : null}
      {run?.error ? <Notice tone="bad" title={`${run.failed_step ?? "It"} failed.`}>{spaced(run.error.message ?? run.error.code)}</Notice> : null}
    </Section>
  );
}

export function Said({ name, said }: { name: string; said: unknown }) {
  const isText = typeof said === "string";
  return (
    <div aria-live="polite">
      <p className="mb-1 text-12 text-muted">{name}</p>
      <Prose text={isText ? said : JSON.stringify(said, null, JSON_INDENT)} mono={!isText} />
    </div>
  );
}

const COLUMNS: Column<RunItem>[] = [
  { key: "at", head: "Started", cell: (row) => <RelativeTime at={row.created_at} /> },
  { key: "version", head: "Version", width: "w-24", cell: (row) => `v${row.version}` },
  { key: "status", head: "Status", width: "w-32", cell: (row) => <StatusBadge status={row.status} /> },
  { key: "cost", head: "Cost", width: "w-28", align: "end", cell: (row) => <Money nusd={row.cost_nusd} /> },
];

function Runs({ slug, onOpen }: { slug: string; onOpen: (id: string) => void }) {
  const pages = usePages("/v1/chain-runs", { query: { chain: slug } });
  return <PagedTable label="Runs of the chain" columns={COLUMNS} pages={pages} rowKey={(row) => row.id} onOpen={(row) => onOpen(row.id)} empty={<EmptyState title="Not run yet" code={`curl $URL/v1/chains/${slug}/runs -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \\\n  -d '{"variables": {}}'`}>Runs of an application and those from here stand here, newest first.</EmptyState>} />;
}

