import { type FormEvent, useState } from "react";
import type { Schema } from "@/api/client";
import { useChange, useRead } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Button, Checkbox, Facts, Field, FormError, Input, Loaded, Section, errorFor, toast } from "@/kit";
import { count } from "@/lib/format";
import { Statistics } from "./Statistics";

export type WorkspaceFacts = Schema<"WorkspaceAnswer">;

export function useWorkspace(id: string) {
  return useRead("/v1/workspaces/{workspace_id}", { path: { workspace_id: id } });
}

export function WorkspaceSettings({ id }: { id: string }) {
  return <Loaded of={useWorkspace(id)}>{(facts) => <Form key={`${facts.id} ${facts.name} ${facts.rate_limit_per_minute}`} facts={facts} />}</Loaded>;
}

function Form({ facts }: { facts: WorkspaceFacts }) {
  const may = useMay();
  const [name, setName] = useState(facts.name);
  const [rate, setRate] = useState(facts.rate_limit_per_minute === null ? "" : String(facts.rate_limit_per_minute));
  const [onlyAdmins, setOnlyAdmins] = useState(facts.only_admins_change_prompts);
  const [platformKeys, setPlatformKeys] = useState(facts.platform_keys);
  const [statistics, setStatistics] = useState(facts.share_statistics);
  const [labels, setLabels] = useState(facts.protected_labels.join(", "));
  const [ownApproval, setOwnApproval] = useState(facts.own_approval);
  const [testGate, setTestGate] = useState(facts.test_run_gate);
  const protectedLabels = [...new Set(labels.split(",").map((one) => one.trim().toLowerCase()).filter(Boolean))];
  const save = useChange("patch", "/v1/workspaces/{workspace_id}", { invalidates: ["/v1/workspaces"] });
  const rateValue = rate.trim() === "" ? null : Number(rate);
  const body = {
    ...(name.trim() === facts.name ? {} : { name: name.trim() }),
    ...(rateValue === facts.rate_limit_per_minute || rateValue === null ? {} : { rate_limit_per_minute: rateValue }),
    ...(onlyAdmins === facts.only_admins_change_prompts ? {} : { only_admins_change_prompts: onlyAdmins }),
    ...(platformKeys === facts.platform_keys ? {} : { platform_keys: platformKeys }),
    ...(protectedLabels.join() === facts.protected_labels.join() ? {} : { protected_labels: protectedLabels }),
    ...(ownApproval === facts.own_approval ? {} : { own_approval: ownApproval }),
    ...(testGate === facts.test_run_gate ? {} : { test_run_gate: testGate }),
    ...(statistics === facts.share_statistics ? {} : { share_statistics: statistics }),
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate({ path: { workspace_id: facts.id }, body }, { onSuccess: () => toast("Saved; it holds everywhere within a second") });
  };
  const off = !may.admin;
  return (
    <div className="grid gap-8 lg:grid-cols-[minmax(0,32rem)_minmax(0,1fr)]">
      <form onSubmit={submit} className="flex flex-col gap-4">
        <Field label="Name" error={errorFor(save.error, "name")} required>
          <Input value={name} onChange={(event) => setName(event.target.value)} readOnly={off} />
        </Field>
        <Field label="Requests a minute" hint={`At most ${count(facts.limits.rate_limit_per_minute)}, which the plan allows. Empty: as the plan says.`} error={errorFor(save.error, "rate_limit_per_minute")}>
          <Input inputMode="numeric" value={rate} onChange={(event) => setRate(event.target.value)} readOnly={off} className="max-w-40" />
        </Field>
        <Checkbox label="Only admins change prompts and labels" checked={onlyAdmins} disabled={off} onChange={(event) => setOnlyAdmins(event.target.checked)} />
        <Field label="Protected labels" hint="They move to approved versions alone. Commas between; empty: none." error={errorFor(save.error, "protected_labels")}>
          <Input mono value={labels} onChange={(event) => setLabels(event.target.value)} readOnly={off} placeholder="production" />
        </Field>
        <Checkbox label="One may approve what one wrote oneself" checked={ownApproval} disabled={off} onChange={(event) => setOwnApproval(event.target.checked)} />
        <Checkbox label="Protected labels also want a test run that reaches the version's threshold" checked={testGate} disabled={off} onChange={(event) => setTestGate(event.target.checked)} />
        <Checkbox
          label="Use the operator's provider keys where there is none of ours"
          hint={facts.limits.platform_keys ? "Such calls cost the plan's markup on top." : "The plan does not allow it."}
          checked={platformKeys}
          disabled={off || !facts.limits.platform_keys}
          onChange={(event) => setPlatformKeys(event.target.checked)}
        />
        <Checkbox label="Take part in anonymous statistics" hint="Rounded numbers, no text, once a day, shown only where at least five workspaces take part." checked={statistics} disabled={off} onChange={(event) => setStatistics(event.target.checked)} />
        <FormError error={save.error} />
        <div>
          <Button type="submit" variant="primary" busy={save.isPending} disabled={off || Object.keys(body).length === 0} why={off ? needs("admin") : undefined}>
            Save
          </Button>
        </div>
      </form>
      <Section title="What the plan allows" framed className="self-start">
        <Facts
          facts={[
            ["Plan", facts.limits.plan],
            ["Requests a minute", count(facts.limits.rate_limit_per_minute)],
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
