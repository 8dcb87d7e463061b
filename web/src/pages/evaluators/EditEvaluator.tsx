import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useFormOver } from "@/api/form-over";
import { read, useChange } from "@/api/hooks";
import { Field, FormDialog, Input, Select, errorFor, toast } from "@/kit";
import { type Draft, type Evaluator, KINDS, draftOf, kindOf, settingsOf, withKind, wrongIn } from "./evaluator";
import { KindFields } from "./KindFields";
import { TryIt } from "./TryIt";

const INVALIDATES = { invalidates: ["/v1/evaluators"] };

/** `over`: the version that it is written over. */
type Form = Draft & { over: number };

/** A new evaluator, or with `evaluator` its next version, tried on an answer before it is saved. */
export function EditEvaluator({ evaluator, onClose }: { evaluator: Evaluator | null; onClose: () => void }) {
  const [first] = useState<Form>(() => ({ ...draftOf(evaluator), over: evaluator?.version ?? 0 }));
  const now = async (id: string): Promise<Form> => {
    const found = await read("/v1/evaluators/{evaluator_id}", { path: { evaluator_id: id } });
    return { ...draftOf(found), over: found.version };
  };
  const over = useFormOver(first, evaluator && (() => now(evaluator.id)), INVALIDATES.invalidates);
  const { draft, change } = over;
  const navigate = useNavigate();
  const create = useChange("post", "/v1/evaluators", INVALIDATES);
  const next = useChange("post", "/v1/evaluators/{evaluator_id}/versions", INVALIDATES);
  const { error, isPending } = evaluator ? next : create;
  const wrong = wrongIn(draft);
  const kind = kindOf(draft.kind);
  const isWhole = Object.keys(wrong).length === 0;
  const send = (draft: Form) => {
    const settings = settingsOf(draft);
    if (evaluator)
      next.mutate(
        { path: { evaluator_id: evaluator.id }, body: { settings, base_version: draft.over, message: draft.message.trim() } },
        {
          onSuccess: (made) => {
            onClose();
            toast(made.version === draft.over ? "Nothing was changed, so there is no new version" : `${made.name} v${made.version} scores from now on`);
          },
        },
      );
    else
      create.mutate(
        { body: { name: draft.name.trim(), settings } },
        {
          onSuccess: (made) => {
            toast(`${made.name} is there: use it in test runs, or on live traffic`);
            void navigate({ to: `/evaluators/${made.id}`, replace: true });
          },
        },
      );
  };
  return (
    <FormDialog
      wide
      open
      onOpenChange={(open) => !open && onClose()}
      title={evaluator ? `New version of ${evaluator.name}` : "New evaluator"}
      description={evaluator ? "Live evaluations and new test runs use it from then on. Scores of different versions are never mixed." : "It looks at an answer and says a score from 0 to 1, whether it passes, and why."}
      submit={evaluator ? `Save as v${draft.over + 1}` : "Make it"}
      onSubmit={() => over.send(send)}
      busy={isPending}
      error={error}
      over={over}
      disabled={!isWhole || (!evaluator && !draft.name.trim())}
      missing={evaluator || draft.name.trim() ? Object.values(wrong)[0] : "Give it a name."}
    >
      <div className="grid items-start gap-6 lg:grid-cols-[minmax(0,1fr)_20rem]">
        <div className="flex min-w-0 flex-col gap-4">
          {evaluator ? (
            <p className="text-13 text-muted">
              {kind?.name}: {kind?.does}
            </p>
          ) : (
            <>
              <Field label="What it looks for" hint={kind?.does} error={errorFor(error, "settings.kind")}>
                <Select value={draft.kind} onChange={(one) => change(withKind(draft, one))} options={KINDS.map((one) => ({ value: one.kind, label: one.asks ? `${one.name} (asks models)` : one.name }))} />
              </Field>
              <Field label="Name" error={errorFor(error, "name")} required>
                <Input autoFocus value={draft.name} maxLength={200} onChange={(event) => change({ name: event.target.value })} placeholder="helpful" />
              </Field>
            </>
          )}
          <KindFields draft={draft} change={change} error={error} wrong={wrong} />
          {evaluator ? (
            <Field label="Why it is changed" error={errorFor(error, "message")}>
              <Input value={draft.message} maxLength={500} onChange={(event) => change({ message: event.target.value })} />
            </Field>
          ) : null}
        </div>
        <section aria-label="Try it before it is saved" className="flex min-w-0 flex-col gap-3 rounded-l border border-line bg-sunken/60 p-3">
          <h3 className="text-13 font-medium">Try it before it is saved</h3>
          <TryIt settings={isWhole ? settingsOf(draft) : undefined} isWhole={isWhole} compares={kind?.needsExpected ?? false} isOfTwo={draft.kind === "pairwise"} asks={Boolean(kind?.asks) || (draft.kind === "toxicity" && draft.judge !== null)} />
        </section>
      </div>
    </FormDialog>
  );
}
