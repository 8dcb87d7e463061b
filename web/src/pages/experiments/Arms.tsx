import { Plus, Trash2 } from "lucide-react";
import { useRead } from "@/api/hooks";
import { useModels } from "@/api/models";
import { Button, Checkbox, Combobox, Field, FieldFault, IconButton, Input, Select, errorFor } from "@/kit";
import type { Draft, DraftArm } from "./draft";

const ARMS_MOST = 10;
const VERSIONS_MOST = 100;

/** What is compared: the control first, then who may take its place. */
export function Arms({ draft, set, error, faults }: { draft: Draft; set: (changed: Partial<Draft>) => void; error: unknown; faults: Record<string, string> }) {
  const found = useRead("/v1/prompts/{slug}", { path: { slug: draft.prompt } }, { enabled: draft.prompt !== "" });
  const { choices: models } = useModels();
  const latest = found.data?.latest_version ?? 0;
  const labels = Object.entries((found.data?.labels ?? {}) as Record<string, number>).filter(([label]) => label !== "latest");
  const options = [
    ...labels.map(([label, version]) => ({ value: label, label: `${label} (v${version})` })),
    ...Array.from({ length: Math.min(VERSIONS_MOST, latest) }, (_, at) => ({ value: `v${latest - at}`, label: `v${latest - at}` })),
  ];
  const change = (at: number, changed: Partial<DraftArm>) => set({ arms: draft.arms.map((one, index) => (index === at ? { ...one, ...changed } : one)) });
  const isRollout = draft.kind === "rollout";
  return (
    <fieldset className="flex min-w-0 flex-col gap-2">
      <legend className="mb-1 text-13 font-medium">What is compared</legend>
      {draft.arms.map((arm, at) => (
        <div key={at} role="group" aria-label={at === 0 ? "Control" : `Arm ${at + 1}`} className="grid items-start gap-2 rounded-m border border-line p-2 sm:grid-cols-[minmax(0,1fr)_minmax(0,1fr)_minmax(0,1fr)_5rem_2rem]">
          <Field label={at === 0 ? "Control" : "Arm"} error={errorFor(error, `arms[${at}].name`)}>
            <Input mono value={arm.name} onChange={(event) => change(at, { name: event.target.value })} placeholder="candidate" maxLength={63} />
          </Field>
          <Field label="Version" error={errorFor(error, `arms[${at}].version`) ?? errorFor(error, `arms[${at}].label`)}>
            <Select value={arm.gives} onChange={(next) => change(at, { gives: next })} empty={arm.model ? "the label’s" : "Choose…"} options={options.some((one) => one.value === arm.gives) || arm.gives === "" ? options : [{ value: arm.gives, label: arm.gives }, ...options]} disabled={!draft.prompt} />
          </Field>
          <div className="flex min-w-0 flex-col gap-1">
            <span className="text-13 font-medium">Model</span>
            <Combobox label={`Model of ${arm.name || "this arm"}`} value={arm.model || null} onChange={(next) => change(at, { model: next ?? "" })} clear="The version’s own" choices={models} className="w-full" />
            <FieldFault text={errorFor(error, `arms[${at}].model`)} />
          </div>
          {isRollout && !arm.shadow ? (
            <span />
          ) : (
            <Field label={arm.shadow ? "Copies, %" : "Share, %"}>
              <Input type="number" min={0} max={100} step="any" value={arm.share} onChange={(event) => change(at, { share: event.target.value })} placeholder={arm.shadow ? "10" : "even"} />
            </Field>
          )}
          {draft.arms.length > 2 && at > 0 ? <IconButton label={`Remove ${arm.name || "this arm"}`} icon={<Trash2 size={14} aria-hidden />} className="sm:mt-6" onClick={() => set({ arms: draft.arms.filter((_, index) => index !== at) })} /> : <span />}
          {at > 1 ? <Checkbox className="sm:col-span-5" label="Unseen copy" hint="Answers a copy of its share of the calls; nobody gets it." checked={arm.shadow} onChange={(event) => change(at, { shadow: event.target.checked })} /> : null}
        </div>
      ))}
      <FieldFault text={faults["shares"] ?? (errorFor(error, "arms")?.startsWith("arms[") ? undefined : errorFor(error, "arms"))} />
      <div>
        <Button size="s" icon={<Plus size={14} aria-hidden />} disabled={draft.arms.length >= ARMS_MOST} onClick={() => set({ arms: [...draft.arms, { name: `arm-${draft.arms.length + 1}`, gives: "", model: "", share: "", shadow: isRollout }] })}>
          Add an arm
        </Button>
      </div>
    </fieldset>
  );
}
