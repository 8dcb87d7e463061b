import type { FormEvent } from "react";
import { useDraftOver } from "@/api/draft-over";
import { useChange } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { useUnsaved } from "@/api/unsaved";
import { type WorkspaceFacts, useWorkspace } from "@/api/workspace";
import { Button, Checkbox, Facts, Field, FormError, Input, KeptAtTheEnd, Loaded, Meanwhile, Section, Select, TextLink, errorFor, toast } from "@/kit";
import { count } from "@/lib/format";
import { Statistics } from "./Statistics";
import { TestGate } from "./TestGate";
import { type Draft, SHAPES, changesOf, draftOf, faultsOf } from "./workspace";

export function WorkspaceSettings({ id }: { id: string }) {
  return <Loaded of={useWorkspace(id)}>{(facts) => <Form key={facts.id} facts={facts} />}</Loaded>;
}

function Form({ facts }: { facts: WorkspaceFacts }) {
  const may = useMay();
  const { base, draft, set, isBehind, takeNewest, settle } = useDraftOver(draftOf(facts));
  const save = useChange("patch", "/v1/workspaces/{workspace_id}", { invalidates: ["/v1/workspaces"] });
  const change = (changed: Partial<Draft>) => set({ ...draft, ...changed });
  const faults = faultsOf(draft);
  const isWrong = Object.keys(faults).length > 0;
  const body = changesOf(draft, base);
  const isChanged = isWrong || Object.keys(body).length > 0;
  useUnsaved(isChanged, "the settings of the workspace");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate(
      { path: { workspace_id: facts.id }, body },
      {
        onSuccess: () => {
          settle(draft);
          toast("Saved; it holds everywhere within a second");
        },
      },
    );
  };
  const off = !may.admin;
  return (
    <div className="grid gap-8 lg:grid-cols-[minmax(0,32rem)_minmax(0,1fr)]">
      <form onSubmit={submit} className="flex flex-col gap-4">
        <KeptAtTheEnd title="Settings of the workspace" isChanged={isChanged} />
        <Field label="Name" error={errorFor(save.error, "name")} required>
          <Input value={draft.name} onChange={(event) => change({ name: event.target.value })} readOnly={off} />
        </Field>
        <Field label="Requests a minute" hint={`At most ${count(facts.limits.rate_limit_per_minute)}, which the plan allows. Empty: as the plan says.`} error={faults.rate ?? errorFor(save.error, "rate_limit_per_minute")}>
          <Input inputMode="numeric" value={draft.rate} onChange={(event) => change({ rate: event.target.value })} readOnly={off} className="max-w-40" />
        </Field>
        <Field label="Tokens a minute" hint={facts.limits.token_limit_per_minute === null ? "Of all calls, input and output together. Empty: no limit." : `At most ${count(facts.limits.token_limit_per_minute)}, which the plan allows. Empty: as the plan says.`} error={faults.tokens ?? errorFor(save.error, "token_limit_per_minute")}>
          <Input inputMode="numeric" value={draft.tokens} onChange={(event) => change({ tokens: event.target.value })} readOnly={off} className="max-w-40" />
        </Field>
        <Checkbox label="Only admins change prompts and labels" checked={draft.onlyAdmins} disabled={off} onChange={(event) => change({ onlyAdmins: event.target.checked })} />
        <Field label="Protected labels" hint="They move to approved versions alone. Commas between; empty: none." error={errorFor(save.error, "protected_labels")}>
          <Input mono value={draft.labels} onChange={(event) => change({ labels: event.target.value })} readOnly={off} placeholder="production" />
        </Field>
        <Checkbox label="One may approve what one wrote oneself" checked={draft.ownApproval} disabled={off} onChange={(event) => change({ ownApproval: event.target.checked })} />
        <Checkbox label="Protected labels also want a test run that reaches the version's threshold" checked={draft.testGate} disabled={off} onChange={(event) => change({ testGate: event.target.checked })} />
        {draft.testGate ? <TestGate draft={draft} onChange={change} off={off} fault={faults.gateScore} error={save.error} /> : null}
        <Checkbox
          label="Use the operator's provider keys where there is none of ours"
          hint={facts.limits.platform_keys ? "Such calls cost the plan's markup on top." : "The plan does not allow it."}
          checked={draft.platformKeys}
          disabled={off || !facts.limits.platform_keys}
          onChange={(event) => change({ platformKeys: event.target.checked })}
        />
        <Checkbox label="Take part in anonymous statistics" hint="Rounded numbers, no text, once a day, shown only where at least five workspaces take part." checked={draft.statistics} disabled={off} onChange={(event) => change({ statistics: event.target.checked })} />
        <Section title="Answers" className="pt-2">
          <Field label="A run is answered with" hint="By POST /v1/executions, where a call does not say it. Other routes answer in their own format." error={errorFor(save.error, "response_shape")}>
            <Select value={draft.shape} onChange={(shape) => change({ shape })} options={SHAPES} disabled={off} />
          </Field>
        </Section>
        <Section title="Searches" description={<>What a search for a better version must show before it claims a gain. <TextLink to="/experiments/settings">Experiments</TextLink> have settings of their own.</>} className="pt-2">
          <div className="grid grid-cols-1 items-start gap-4 sm:grid-cols-2">
            <Field label="Test items, at least" error={faults.samples ?? errorFor(save.error, "min_samples")}>
              <Input inputMode="numeric" value={draft.samples} onChange={(event) => change({ samples: event.target.value })} readOnly={off} />
            </Field>
            <Field label="Sure by, %" error={faults.confidence ?? errorFor(save.error, "confidence")}>
              <Input inputMode="decimal" value={draft.confidence} onChange={(event) => change({ confidence: event.target.value })} readOnly={off} />
            </Field>
          </div>
          <Checkbox label="Items of datasets may enter prompts as examples" hint="The method Examples needs it. What stands in a prompt is sent with each call, and read by whoever may read the prompt." checked={draft.examples} disabled={off} onChange={(event) => change({ examples: event.target.checked })} />
        </Section>
        <Meanwhile show={isBehind} onTake={takeNewest} />
        <FormError error={save.error} />
        <div>
          <Button type="submit" variant="primary" busy={save.isPending} disabled={off || isWrong || !isChanged} why={off ? needs("admin") : undefined}>
            Save
          </Button>
        </div>
      </form>
      <Section title="What the plan allows" framed className="self-start">
        <Facts
          facts={[
            ["Plan", facts.limits.plan],
            ["Requests a minute", count(facts.limits.rate_limit_per_minute)],
            ["Tokens a minute", facts.limits.token_limit_per_minute === null ? "no limit" : count(facts.limits.token_limit_per_minute)],
            ["Calls at the same time", count(facts.limits.concurrency)],
            ["Days that text is kept", `at most ${count(facts.limits.retention_days)}`],
            ["Workspace id", <code key="id" className="break-all">{facts.id}</code>],
          ]}
        />
      </Section>
      <Statistics />
    </div>
  );
}
