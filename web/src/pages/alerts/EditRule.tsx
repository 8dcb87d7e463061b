import { ChevronDown, ChevronRight } from "lucide-react";
import { useState } from "react";
import { FEEDBACK, useDatasets, usePromptChoices } from "@/api/choices";
import { useFormOver } from "@/api/form-over";
import { type Answer, change as put, read, useChange } from "@/api/hooks";
import { useModels } from "@/api/models";
import { needs, useMay } from "@/api/session";
import { Button, Checkbox, Combobox, Field, FieldFault, Fields, FormDialog, Input, Switch, errorFor, toast, toastError, useUndo } from "@/kit";
import { ofSearch } from "@/pages/optimize/asked";
import { MethodFields } from "@/pages/optimize/MethodFields";
import { MoreFields } from "@/pages/optimize/MoreFields";
import type { Search } from "@/pages/optimize/search";
import { ChangesOf } from "@/pages/team/ChangesOf";
import { TargetFields } from "./TargetFields";
import { DEFAULTS, type Rule, type RuleForm, bodyOf, formOf, wrongIn } from "./rule";

const INVALIDATES = { invalidates: ["/v1/alert-rules"] };

/** `kept`: the rule as it is saved, for what the form does not show. */
type Kept = RuleForm & { kept: Rule | null };
const keptOf = (rule: Rule | null): Kept => ({ ...formOf(rule), kept: rule });

/** The rule as it is saved by now; `shown` where none is kept: null where somebody gave it up. */
async function now(prompt: string | null, shown: Rule | null): Promise<Kept> {
  let cursor: string | null = null;
  do {
    const page: Answer<"/v1/alert-rules"> = await read("/v1/alert-rules", { query: { limit: 200, cursor } });
    const found = page.data.find((one) => (one.prompt ?? null) === prompt);
    if (found) return keptOf(found);
    cursor = page.next_cursor ?? null;
  } while (cursor);
  return keptOf(shown);
}

/** One rule. `rule` null: of a prompt that is chosen here. `isOwn`: it is kept, and can be given up. */
export function EditRule({ rule, isOwn, onClose }: { rule: Rule | null; isOwn: boolean; onClose: () => void }) {
  const off = useMay().edit ? undefined : needs("editor");
  const [first] = useState<Kept>(() => keptOf(rule));
  const [prompt, setPrompt] = useState<string | null>(rule?.prompt ?? null);
  const readNow = () => (rule ? now(rule.prompt ?? null, isOwn ? null : rule) : now(prompt, null));
  const over = useFormOver(first, readNow, INVALIDATES.invalidates);
  const { draft: form, change } = over;
  const prompts = usePromptChoices();
  const { choices: datasets } = useDatasets();
  const forAll = useChange("put", "/v1/alert-rules", INVALIDATES);
  const forOne = useChange("put", "/v1/alert-rules/{prompt}", INVALIDATES);
  const fallBack = useChange("delete", "/v1/alert-rules/{prompt}", INVALIDATES);
  const fallBackAll = useChange("delete", "/v1/alert-rules", INVALIDATES);
  const undo = useUndo(INVALIDATES.invalidates);
  const isDefault = rule !== null && rule.prompt === null;
  const error = forAll.error ?? forOne.error;
  const wrong = wrongIn(form);

  const done = (said: string) => ({
    onSuccess: () => {
      onClose();
      toast(said);
    },
  });
  const send = (form: Kept) => {
    const body = bodyOf(form, form.kept);
    if (isDefault) forAll.mutate({ body }, done("The rule for all prompts is changed"));
    else if (prompt) forOne.mutate({ path: { prompt }, body }, done(`The rule for ${prompt} is changed`));
  };
  const give = () => {
    const restore = async () => {
      if (!rule) return;
      const body = bodyOf(formOf(rule), rule);
      await (rule.prompt ? put("put", "/v1/alert-rules/{prompt}", { path: { prompt: rule.prompt }, body }) : put("put", "/v1/alert-rules", { body }));
    };
    const options = {
      onSuccess: () => {
        onClose();
        toast(rule?.prompt ? `${rule.prompt} follows the rule for all prompts` : "All prompts follow the product's defaults", undo(restore, "The rule holds again"));
      },
      onError: toastError,
    };
    if (rule?.prompt) fallBack.mutate({ path: { prompt: rule.prompt } }, options);
    else fallBackAll.mutate({}, options);
  };

  return (
    <FormDialog
      open
      wide={form.starts || (form.targets?.length ?? 0) > 0}
      onOpenChange={(open) => !open && onClose()}
      title={isDefault ? "Rule for all prompts" : rule?.prompt ? <>Rule for <span className="font-mono">{rule.prompt}</span></> : "Rule for a prompt"}
      off={off}
      submit="Save"
      onSubmit={() => over.send(send)}
      busy={forAll.isPending || forOne.isPending}
      error={error}
      over={rule ? over : { ...over, what: `${prompt} has a rule by now.` }}
      missing={wrong.search ?? wrong.targets}
      disabled={Object.keys(wrong).length > 0 || (!isDefault && !prompt)}
    >
      <Fields off={off}>
        {rule === null ? (
          <Field label="Prompt" error={errorFor(error, "prompt")} required>
            <Combobox
              label="Prompt"
              value={prompt}
              {...prompts}
              onChange={(next) => {
                setPrompt(next);
                // Another prompt begins from nothing: what came in of the rule of the one before is not its own.
                over.settle(first, over.base);
              }}
            />
          </Field>
        ) : null}
        <Switch label={form.enabled ? "Raises alerts" : "Raises no alerts"} checked={form.enabled} onChange={(enabled) => change({ enabled })} />
        <div className="grid grid-cols-1 gap-4 sm:grid-cols-3">
          <Field label="Satisfaction target, %" error={wrong.target ?? errorFor(error, "target")}>
            <Input inputMode="decimal" value={form.target} placeholder={String(DEFAULTS.target * 100)} onChange={(event) => change({ target: event.target.value })} />
          </Field>
          <Field label="Reactions at least" error={wrong.samples ?? errorFor(error, "min_samples")}>
            <Input inputMode="numeric" value={form.samples} placeholder={String(DEFAULTS.min_samples)} onChange={(event) => change({ samples: event.target.value })} />
          </Field>
          <Field label="Fall at least, points" error={wrong.drop ?? errorFor(error, "min_drop")}>
            <Input inputMode="decimal" value={form.drop} placeholder={String(DEFAULTS.min_drop * 100)} onChange={(event) => change({ drop: event.target.value })} />
          </Field>
        </div>
        <div className="grid grid-cols-1 items-start gap-4 sm:grid-cols-3">
          <Field label="Errors rise at least, points" error={wrong.errors ?? errorFor(error, "min_error_rise")}>
            <Input inputMode="decimal" value={form.errors} placeholder={String(DEFAULTS.min_error_rise * 100)} onChange={(event) => change({ errors: event.target.value })} />
          </Field>
          <Field label="Slow answers rise at least, points" hint="Slow: a tenth beyond 95 of 100 before." error={wrong.latency ?? errorFor(error, "min_latency_rise")}>
            <Input inputMode="decimal" value={form.latency} placeholder={String(DEFAULTS.min_latency_rise * 100)} onChange={(event) => change({ latency: event.target.value })} />
          </Field>
          <Field label="Dear answers rise at least, points" hint="Dear: a tenth beyond 95 of 100 before." error={wrong.cost ?? errorFor(error, "min_cost_rise")}>
            <Input inputMode="decimal" value={form.cost} placeholder={String(DEFAULTS.min_cost_rise * 100)} onChange={(event) => change({ cost: event.target.value })} />
          </Field>
        </div>
        <div className="grid grid-cols-1 items-start gap-4 sm:grid-cols-2">
          <Field label="Should take less than, ms" hint="95 of 100 answers. Speed in effectiveness; raises no alert." error={wrong.takes ?? errorFor(error, "target_p95_ms")}>
            <Input inputMode="numeric" value={form.takes} onChange={(event) => change({ takes: event.target.value })} />
          </Field>
          <Field label="Should cost less than, $ a run" hint="On average. Thrift in effectiveness; raises no alert." error={wrong.costs ?? errorFor(error, "target_cost_nusd")}>
            <Input inputMode="decimal" value={form.costs} onChange={(event) => change({ costs: event.target.value })} />
          </Field>
        </div>
        <p className="text-12 text-muted">{isDefault ? "What is empty is as the product has it." : "What is empty is as for all prompts."}</p>
        <TargetFields own={form.targets} isDefault={isDefault} isOff={Boolean(off)} error={error} onChange={(targets) => change({ targets })} />
        {isDefault ? null : (
          <>
            <Checkbox label="Start an optimization when it gets worse" hint="It makes a suggestion. Nobody gets it until somebody accepts it, or the settings of experiments roll proven ones out." checked={form.starts} onChange={(event) => change({ starts: event.target.checked })} />
            {form.starts ? (
              <div className="grid grid-cols-1 gap-4 sm:grid-cols-2">
                <Field label="Dataset" error={errorFor(error, "start_optimization.dataset_id") ?? errorFor(error, "start_optimization.source") ?? (form.dataset ? undefined : wrong.dataset)} required>
                  <Combobox label="Dataset" value={form.dataset || null} choices={[...datasets, FEEDBACK]} onChange={(next) => change({ dataset: next ?? "", search: { ...form.search, anchors: [] } })} />
                </Field>
                <Field label="Evaluations at most" error={wrong.evaluations ?? errorFor(error, "start_optimization.budget.evaluations")}>
                  <Input inputMode="numeric" value={form.evaluations} onChange={(event) => change({ evaluations: event.target.value })} />
                </Field>
                <Field label="Cost ceiling, $" error={wrong.usd ?? errorFor(error, "start_optimization.budget.credits")} required>
                  <Input inputMode="decimal" value={form.usd} onChange={(event) => change({ usd: event.target.value })} />
                </Field>
                <Field label="Not again within, hours" hint="For the same prompt." error={wrong.cooldown ?? errorFor(error, "start_optimization.cooldown_hours")}>
                  <Input inputMode="numeric" value={form.cooldown} onChange={(event) => change({ cooldown: event.target.value })} />
                </Field>
              </div>
            ) : null}
            {form.starts ? <HowToSearch prompt={prompt} form={form} error={error} isOff={Boolean(off)} onChange={change} /> : null}
          </>
        )}
        {isOwn && !off ? (
          <div className="flex flex-wrap gap-2">
            <ChangesOf kind="alert_rule" object={rule?.prompt ?? "(all prompts)"} />
            <Button size="s" onClick={give} busy={fallBack.isPending || fallBackAll.isPending}>
              {isDefault ? "Back to the product's defaults" : "Follow the rule for all prompts"}
            </Button>
          </div>
        ) : null}
      </Fields>
    </FormDialog>
  );
}

/** By which method and models, what counts and what stays: all of it may be left as it is. `isOff`: it is only read, and all of it is there. */
function HowToSearch({ prompt, form, error, isOff, onChange }: { isOff: boolean; prompt: string | null; form: RuleForm; error: unknown; onChange: (part: Partial<RuleForm>) => void }) {
  const [isOpen, setOpen] = useState(false);
  const hasMore = isOpen || isOff;
  const { choices: models } = useModels();
  const searched = ofSearch(error, "start_optimization.search.");
  const put = (changes: Partial<Search>) => onChange({ search: { ...form.search, ...changes } });
  return (
    <div role="group" aria-label="How it searches" className="flex min-w-0 flex-col gap-4">
      <MethodFields search={form.search} error={searched} onChange={put} />
      {isOff ? null : (
        <span>
          <Button size="s" variant="ghost" aria-expanded={hasMore} icon={hasMore ? <ChevronDown size={14} aria-hidden /> : <ChevronRight size={14} aria-hidden />} onClick={() => setOpen(!hasMore)}>
            Models, what counts, limits
          </Button>
        </span>
      )}
      {hasMore ? (
        <>
          <div className="grid items-start gap-4 sm:grid-cols-3">
            <div className="flex min-w-0 flex-col gap-1">
              <span className="text-13 font-medium">Model that answers</span>
              {form.search.chain ? <p className="text-13 text-muted">That of the chain’s step.</p> : <Combobox label="Model that answers" value={form.task} onChange={(task) => onChange({ task })} clear="The version’s own" choices={models} className="w-full" />}
              <FieldFault text={errorFor(searched, "models.task")} />
            </div>
            <div className="flex min-w-0 flex-col gap-1">
              <span className="text-13 font-medium">Model that proposes edits</span>
              <Combobox label="Model that proposes edits" value={form.reflect} onChange={(reflect) => onChange({ reflect })} clear="The usual one" choices={models} className="w-full" />
              <FieldFault text={errorFor(searched, "models.reflect")} />
            </div>
            <Field label="Minutes, at most" error={errorFor(error, "start_optimization.budget.seconds")}>
              <Input type="number" min={1} step="any" placeholder="no limit" value={form.minutes} onChange={(event) => onChange({ minutes: event.target.value })} />
            </Field>
          </div>
          <MoreFields prompt={prompt} dataset={form.dataset || null} search={form.search} error={searched} onChange={put} />
        </>
      ) : null}
    </div>
  );
}
