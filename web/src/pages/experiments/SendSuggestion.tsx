import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { ApiError } from "@/api/errors";
import { useChange, useRead } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Checkbox, Field, FormDialog, Input, Notice, Segments, Select, errorFor, toast } from "@/kit";
import { UNIT_CHOICES } from "./units";

const OLD = ["/v1/suggestions", "/v1/prompts", "/v1/optimizations", "/v1/experiments"];
type Unit = (typeof UNIT_CHOICES)[number]["value"];

/** A suggestion on real calls before the label moves: as a guarded rollout, or as a draft of an experiment. */
export function SendSuggestion({ id, onClose }: { id: string; onClose: () => void }) {
  const [chosen, setKind] = useState<"rollout" | "ab" | null>(null);
  const [force, setForce] = useState(false);
  const [unit, setUnit] = useState<Unit | "">("");
  const [name, setName] = useState<string | null>(null);
  const may = useMay();
  const navigate = useNavigate();
  const found = useRead("/v1/suggestions/{suggestion_id}", { path: { suggestion_id: id } });
  const accept = useChange("post", "/v1/suggestions/{suggestion_id}/accept", { invalidates: OLD });
  const draft = useChange("post", "/v1/experiments", { invalidates: OLD });
  const suggestion = found.data;
  const prompt = useRead("/v1/prompts/{slug}", { path: { slug: suggestion?.prompt ?? "" } }, { enabled: Boolean(suggestion) });
  // A rollout of it would be taken back: an experiment is what is offered first.
  const warning = suggestion?.status === "open" && Boolean(suggestion.rollout_warning);
  const kind = chosen ?? (warning ? "ab" : "rollout");
  const live = (prompt.data?.labels as Record<string, number> | undefined)?.["production"];
  const refused = accept.error instanceof ApiError && accept.error.status === 409 && accept.error.param === "label" && !("version" in accept.error.details);
  const isOtherModel = refused && "measured_with" in (accept.error as ApiError).details;
  const moved = suggestion?.status === "open" && live !== undefined && live !== suggestion.base_version;
  const mustInsist = kind === "rollout" && (moved || refused);
  const title = name ?? (suggestion ? `Suggestion for ${suggestion.prompt} v${suggestion.base_version}` : "");
  const go = (experiment: string, said: string) => {
    toast(said);
    void navigate({ to: `/experiments/${experiment}`, replace: true });
  };
  const submit = async () => {
    if (!suggestion) return;
    const path = { suggestion_id: id };
    if (kind === "rollout") {
      accept.mutate({ path, body: { rollout: unit ? { unit, metric: "satisfaction", bake_s: 3600, min_units: 0, advances: true } : "guarded", label: "production", force } }, { onSuccess: (made) => go(made.experiment_id ?? "", `Version ${made.version} begins with 1 % of the calls`) });
      return;
    }
    // Where the second step is refused, the version is there: the next try drafts alone.
    const version = suggestion.accepted_version ?? (await accept.mutateAsync({ path, body: { label: null, force: false } }).catch(() => null))?.version;
    if (!version) return;
    draft.mutate(
      {
        body: {
          name: title, description: `Suggestion ${id}`, prompt: suggestion.prompt, kind: "ab", label: "production", unit: unit || "end_user", metric: "satisfaction", allocation: "fixed", targeting: "", deciding: { method: "sequential" },
          arms: [{ name: "control", label: "production", mode: "live", control: true }, { name: "candidate", version, mode: "live", control: false }],
        },
      },
      { onSuccess: (made) => go(made.id, `Version ${version} is there, and the experiment is drafted`) },
    ); // prettier-ignore
  };
  const error = (refused ? null : accept.error) ?? draft.error ?? found.error;
  return (
    <FormDialog
      open
      onOpenChange={(on) => on || onClose()}
      title="Send the suggestion to an experiment?"
      description="Its text becomes the next version. The label stays where it is until real calls have spoken."
      submit={kind === "rollout" ? "Begin the rollout" : "Draft the experiment"}
      onSubmit={() => void submit()}
      busy={accept.isPending || draft.isPending}
      error={error}
      missing={suggestion && mustInsist && !force ? "Say above first that it goes all the same." : undefined}
      disabled={!suggestion || (mustInsist && !force) || !may.editPrompts || (suggestion.status !== "open" && kind === "rollout") || suggestion.status === "rejected"}
    >
      <div>
        <Segments label="How" value={kind} onChange={setKind} options={[{ value: "rollout", label: "Guarded rollout" }, { value: "ab", label: "Experiment" }]} />
      </div>
      <p className="-mt-2 text-13 text-muted">
        {kind === "rollout" ? "Begins now: 1, 5, 25, 50 and 100 % of the calls, an hour each at least. It is taken back by itself where errors, latency, cost or satisfaction get worse; else production moves to it." : "A draft: half of the calls each, decided by satisfaction. You see how long it takes, and start it yourself."}
      </p>
      {kind === "ab" ? (
        <Field label="Name" error={errorFor(error, "name")}>
          <Input value={title} onChange={(event) => setName(event.target.value)} maxLength={200} />
        </Field>
      ) : null}
      <Field label="Same version for">
        <Select value={unit} onChange={(next) => setUnit(next as Unit)} empty={kind === "rollout" ? "whom calls name" : "each end user (user_id)"} options={kind === "rollout" ? UNIT_CHOICES : UNIT_CHOICES.slice(1)} />
      </Field>
      {kind === "rollout" && warning ? <Notice tone="warn" title="It would be taken back.">On the test items an answer cost more than the usual guardrail of cost allows. Draft an experiment instead, or make it a version and draft a rollout of that with a wider guardrail.</Notice> : null}
      {mustInsist ? <Insist live={live} base={suggestion?.base_version} isOtherModel={isOtherModel} force={force} onForce={setForce} /> : null}
      {suggestion && suggestion.status !== "open" && suggestion.accepted_version && kind === "rollout" ? <Notice tone="warn">It is accepted already. Draft an experiment or a rollout of version {suggestion.accepted_version} instead.</Notice> : null}
      {suggestion?.status === "rejected" ? <Notice tone="warn">It was rejected, so it cannot be tried any more.</Notice> : null}
      {may.editPrompts ? null : <Notice>{needs(may.edit ? "admin" : "editor")}</Notice>}
    </FormDialog>
  );
}

/** What was proven is not what production would meet: it begins where somebody says so. */
function Insist({ live, base, isOtherModel, force, onForce }: { live: number | undefined; base: number | undefined; isOtherModel: boolean; force: boolean; onForce: (force: boolean) => void }) {
  return (
    <Notice tone="warn" title={isOtherModel ? "It was measured with another model." : live === undefined ? "Production names another version by now." : `Production names v${live} by now.`}>
      {isOtherModel ? "Calls of production would meet it with a model that nobody tried it with." : `The gain was measured against v${base}. Search again to be sure, or:`}
      <Checkbox className="mt-2" label="Begin the rollout all the same" checked={force} onChange={(event) => onForce(event.target.checked)} />
    </Notice>
  );
}
