import { useState } from "react";
import type { Schema } from "@/api/client";
import { useFormOver } from "@/api/form-over";
import { read, useChange, useRead } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { useUnsaved } from "@/api/unsaved";
import { After, Button, Checkbox, type Column, EmptyState, Field, FormError, Input, KeptAtTheEnd, Loaded, Meanwhile, Section, Table, errorFor, toast } from "@/kit";
import { percent } from "@/lib/format";
import { Head } from "./Head";
import { PolicyFields } from "./PolicyFields";
import { type PolicyDraft, policyBodyOf, policyDraftOf, policyFaults } from "./policy";

type Settings = Schema<"burnish_gateway__experiments__answers__SettingsAnswer">;

export default function SettingsPage() {
  const found = useRead("/v1/experiments/settings");
  return (
    <Head title="Settings of experiments" subtitle="For new drafts of this workspace, and whether proven suggestions are rolled out by themselves.">
      <Loaded of={found}>{(settings) => <Form settings={settings} />}</Loaded>
      <After>
        <Namespaces />
      </After>
    </Head>
  );
}

const per = (share: number) => String(Number((share * 100).toPrecision(12)));

type Draft = PolicyDraft & { samples: string; confidence: string; holdout: string; rolls: boolean };

function draftOf(settings: Settings): Draft {
  const policy = settings.rollout_policy;
  return { ...policyDraftOf(policy), samples: String(settings.min_samples), confidence: per(settings.confidence), holdout: per(settings.holdout_share), rolls: policy !== null };
}

const AGAIN = ["/v1/experiments/settings"];

function Form({ settings }: { settings: Settings }) {
  const saved = draftOf(settings);
  const [first] = useState(saved);
  const over = useFormOver(first, async () => draftOf(await read("/v1/experiments/settings")), AGAIN);
  over.follow(saved);
  const { draft, change: set } = over;
  const { samples, confidence, holdout, rolls } = draft;
  const isChanged = JSON.stringify(draft) !== JSON.stringify(over.base);
  useUnsaved(isChanged, "the settings of experiments");
  const may = useMay();
  const save = useChange("put", "/v1/experiments/settings", { invalidates: AGAIN });
  const isFaulty = rolls && Object.keys(policyFaults(draft)).length > 0;
  const send = (draft: Draft) =>
    save.mutate(
      {
        body: {
          min_samples: Number(samples), confidence: Number(confidence) / 100, holdout_share: Number(holdout) / 100,
          rollout_policy: rolls ? policyBodyOf(draft) : null,
        },
      },
      {
        onSuccess: (now) => {
          over.settle(draftOf(now), draft);
          toast("The settings are saved");
        },
      },
    ); // prettier-ignore
  return (
    <form
      className="flex max-w-2xl flex-col gap-8"
      onSubmit={(event) => {
        event.preventDefault();
        over.send(send);
      }}
    >
      <KeptAtTheEnd title="Settings of experiments" isChanged={isChanged} />
      <Section title="Evidence">
        <div className="grid items-end gap-4 sm:grid-cols-3">
          <Field label="Units in each arm, at least" error={errorFor(save.error, "min_samples")}>
            <Input type="number" min={10} value={samples} onChange={(event) => set({ samples: event.target.value })} required disabled={!may.admin} />
          </Field>
          <Field label="Sure by, %" error={errorFor(save.error, "confidence")}>
            <Input type="number" min={80} max={99.9} step="any" value={confidence} onChange={(event) => set({ confidence: event.target.value })} required disabled={!may.admin} />
          </Field>
          <Field label="In no experiment, %" error={errorFor(save.error, "holdout_share")}>
            <Input type="number" min={0} max={50} step="any" value={holdout} onChange={(event) => set({ holdout: event.target.value })} required disabled={!may.admin} />
          </Field>
        </div>
        <p className="text-12 text-muted">Whoever is in no experiment gets what the label names, whatever is tried; each experiment counts those calls. A larger part holds whom the smaller one held, and more.</p>
      </Section>
      <Section title="Proven suggestions">
        <Checkbox label="Roll them out by themselves" hint="A suggestion that was proven becomes a version and goes up this ramp, guarded, without being asked. So do those of the last seven days that are still open." checked={rolls} onChange={(event) => set({ rolls: event.target.checked })} disabled={!may.admin} />
        {rolls ? <PolicyFields draft={draft} set={set} error={save.error} disabled={!may.admin} /> : null}
      </Section>
      <Meanwhile show={over.news !== null} isBeside={over.news === "beside"} onTake={over.takeTheirs} />
      <FormError error={over.fault ?? save.error} />
      <div>
        <Button type="submit" variant="primary" busy={save.isPending || over.isLooking} disabled={!may.admin || isFaulty} why={may.admin ? undefined : needs("admin")}>
          Save
        </Button>
      </div>
    </form>
  );
}

type Namespace = Schema<"NamespaceAnswer">;

const COLUMNS: Column<Namespace>[] = [
  { key: "name", head: "Namespace", cell: (row) => <span className="font-mono wrap-anywhere">{row.name}</span> },
  { key: "unit", head: "Unit", width: "w-32", cell: (row) => row.unit.replace("_", " ") },
  { key: "taken", head: "Taken", align: "end", width: "w-24", cell: (row) => percent(row.taken, 0) },
];

function Namespaces() {
  const found = useRead("/v1/experiments/namespaces");
  return (
    <Section title="Namespaces" description="Experiments of one namespace never meet in one unit. Made by the first draft that names it.">
      <Loaded of={found}>{({ data }) => (data.length > 0 ? <Table label="Namespaces" columns={COLUMNS} rows={data} rowKey={(row) => row.name} /> : <EmptyState title="No namespaces">Two experiments on the same calls need one.</EmptyState>)}</Loaded>
    </Section>
  );
}
