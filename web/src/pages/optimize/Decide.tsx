import { Pencil } from "lucide-react";
import { useState } from "react";
import { ApiError } from "@/api/errors";
import { useChange, useRead } from "@/api/hooks";
import { Button, Checkbox, Field, FormDialog, Lines, Notice, Select, Textarea, errorFor, toast, toastError } from "@/kit";
import { classes } from "@/lib/classes";
import { plural, points, pointsRange } from "@/lib/format";
import type { Writing } from "./written";
import { type Edit, type Message, type Suggestion, editInWords, evidenceOf, heardOf, isRightOrWrong, isOfEdits, textToEdit } from "./model";

const MADE_OLD = ["/v1/suggestions", "/v1/prompts", "/v1/optimizations"];

type Props = { suggestion: Suggestion; deciding: "accept" | "reject" | null; /** What was written and left out so far, which outlives the dialogs. */ writing: Writing; /** It is decided. */ onDone: () => void; /** It is not, and what was written stays. */ onClose: () => void };

export function Decide({ deciding, ...of }: Props) {
  return (
    <>
      <Accept key={`a ${deciding}`} {...of} open={deciding === "accept"} />
      <Reject key={`r ${deciding}`} {...of} open={deciding === "reject"} />
    </>
  );
}

type Part = Omit<Props, "deciding"> & { open: boolean };

const isDecided = (error: ApiError) => error.param === "suggestion_id" || "version" in error.details;

/** What to do where somebody was faster: where they decided, the page says how, and nothing is left to insist on. */
function overtaken(onDone: () => void) {
  return (error: ApiError) => {
    if (error.status !== 409 || !isDecided(error)) return;
    onDone();
    toastError(error);
  };
}

function Accept({ suggestion, writing: { written: { text, isWriting, left }, write }, open, onDone, onClose }: Part) {
  const { test, edits } = evidenceOf(suggestion);
  const all = edits.map((_, place) => place);
  const byEdit = isOfEdits(suggestion);
  const taken = all.filter((place) => !left.includes(place));
  const base = useRead("/v1/prompts/{slug}", { path: { slug: suggestion.prompt }, query: { version: suggestion.base_version } }, { enabled: open });
  const suggested = textToEdit(suggestion, base.data?.messages as unknown as Message[] | undefined);
  const typed = isWriting ? (text ?? suggested) : null;
  const isEdited = typed !== null && typed !== suggested;
  const isPart = typed === null && byEdit && taken.length < all.length;
  const isOther = isPart || isEdited;
  const [wanted, setLabel] = useState<string | null>(null);
  // Some of them, or an edited text, were not measured: no label moves to that, nor to one that is being written, unless somebody chooses one.
  const label = wanted ?? (isOther || isWriting ? "" : "production");
  const [force, setForce] = useState(false);
  const accept = useChange("post", "/v1/suggestions/{suggestion_id}/accept", { invalidates: MADE_OLD });
  const onError = overtaken(onDone);
  const prompt = useRead("/v1/prompts/{slug}", { path: { slug: suggestion.prompt } }, { enabled: open });
  const labels = prompt.data?.labels as Record<string, number> | undefined;
  const live = labels?.["production"];
  const moved = label === "production" && live !== undefined && live !== suggestion.base_version;
  const conflict = accept.error instanceof ApiError && accept.error.status === 409 && accept.error.param === "label" && !isDecided(accept.error);
  const isOtherModel = conflict && accept.error instanceof ApiError && "measured_with" in accept.error.details;
  const unmeasured = isOther && label !== "";
  const mustInsist = moved || conflict || unmeasured;
  const turn = (place: number) => {
    write({ left: left.includes(place) ? left.filter((one) => one !== place) : [...left, place] });
    setForce(false);
  };
  const isNothing = typed === null ? byEdit && taken.length === 0 : !typed.trim();
  const lacks = isNothing ? (typed === null ? "Take at least one edit." : "The text is empty.") : mustInsist && !force ? "Say above first that it goes all the same." : undefined;
  // While it is under way its answer is waited for.
  const begin = () => (accept.isPending ? undefined : accept.reset());
  const turnToText = (next: boolean) => {
    write({ isWriting: next });
    setForce(false);
    begin();
  };
  const submit = () =>
    accept.mutate(
      { path: { suggestion_id: suggestion.id }, body: { label: label || null, force, ...(isPart ? { edits: taken } : {}), ...(isEdited ? { text: typed } : {}) } },
      {
        onSuccess: (made) => {
          onDone();
          toast(`Version ${made.version} is there${made.label ? `, and ${made.label} names it` : ""}`);
        },
        onError,
      },
    );
  return (
    <FormDialog
      keeps
      wide={byEdit || isWriting}
      open={open}
      onOpenChange={(next) => next || onClose()}
      title={`Accept for ${suggestion.prompt}?`}
      description={isEdited ? "Your text becomes the next version. The gain is of the text before your edit, so test it before it goes live." : isPart ? `${taken.length} of ${all.length} edits become the next version. Only all of them together were measured, so test it before it goes live.` : `Exactly the text that was measured becomes the next version: ${points(test.delta)} ${isRightOrWrong(evidenceOf(suggestion).by_metric) ? "right" : "of score"} on test (${pointsRange(test.ci_low, test.ci_high)}).`}
      submit={label === "production" ? "Accept and go live" : isPart ? `Accept ${plural(taken.length, "edit")}` : isEdited ? "Accept as edited" : "Accept"}
      onSubmit={submit}
      busy={accept.isPending}
      error={accept.error}
      missing={lacks}
      disabled={lacks !== undefined}
    >
      {typed === null ? (
        <>
          {byEdit ? <Edits edits={edits} taken={taken} onTurn={turn} onAll={() => write({ left: taken.length === all.length ? all : [] })} /> : null}
          {suggested === null ? null : (
            <div>
              <Button size="s" icon={<Pencil size={14} aria-hidden />} disabled={isPart} why="Take all edits first: the text has all of them." onClick={() => turnToText(true)}>
                Edit the text…
              </Button>
            </div>
          )}
        </>
      ) : (
        <div className="flex flex-col items-start gap-2">
          <Field className="w-full" label="The text" hint="Its variables, locked blocks, rules and rating scale stay." error={errorFor(accept.error, "text")}>
            <Textarea mono autoFocus rows={12} value={typed} readOnly={accept.isPending} onChange={(event) => { write({ text: event.target.value === suggested ? null : event.target.value }); setForce(false); begin(); }} />
          </Field>
          <Button size="s" variant="ghost" onClick={() => turnToText(false)}>
            Leave it as it was suggested
          </Button>
        </div>
      )}
      <Field label="Label that moves to it" hint={label === "production" ? "Live at once. Moving the label back undoes it." : label ? undefined : "The version is there; nothing that runs changes."}>
        <Select
          value={label}
          disabled={accept.isPending}
          onChange={(next) => {
            setLabel(next);
            setForce(false);
            begin();
          }}
          options={[...new Set(["production", "staging", ...Object.keys(labels ?? {})])].filter((one) => one !== "latest").map((one) => ({ value: one, label: one })).concat([{ value: "", label: "none" }])}
        />
      </Field>
      {unmeasured ? (
        <Notice tone="warn" title="This was not measured.">
          {isEdited ? "With your words it may do less than without them, or harm." : "These edits alone may do less than all of them, or harm."}
          <Checkbox className="mt-2" label={`Move ${label} to it all the same`} checked={force} onChange={(event) => setForce(event.target.checked)} />
        </Notice>
      ) : isOtherModel ? (
        <Notice tone="warn" title="It was measured with another model.">
          Calls of {label} would meet it with a model that nobody tried it with.
          <Checkbox className="mt-2" label={`Move ${label} to it all the same`} checked={force} onChange={(event) => setForce(event.target.checked)} />
        </Notice>
      ) : (moved || conflict) && label === "production" ? (
        <Notice tone="warn" title={live === undefined ? "Production names another version by now." : `Production names v${live} by now.`}>
          The gain was measured against v{suggestion.base_version}. Search again to be sure, or:
          <Checkbox className="mt-2" label="Go live all the same" checked={force} onChange={(event) => setForce(event.target.checked)} />
        </Notice>
      ) : null}
    </FormDialog>
  );
}

/** Each edit with what it did, taken or left. */
function Edits({ edits, taken, onTurn, onAll }: { edits: readonly Edit[]; taken: readonly number[]; onTurn: (place: number) => void; onAll: () => void }) {
  return (
    <fieldset className="flex min-w-0 flex-col gap-2">
      <legend className="sr-only">Edits</legend>
      <span className="flex items-center justify-between gap-2">
        <span aria-hidden className="text-13 font-medium">
          Edits
        </span>
        <Button size="s" variant="ghost" onClick={onAll}>
          {taken.length === edits.length ? "Leave all" : "Take all"}
        </Button>
      </span>
      <Lines label="Each taken or left" className="max-h-72 divide-y divide-line overflow-y-auto rounded-m border border-line">
        {edits.map((edit, place) => (
          <li key={place} className="px-3 py-2">
            <Checkbox
              checked={taken.includes(place)}
              onChange={() => onTurn(place)}
              label={<span className={classes("font-mono text-12 wrap-anywhere whitespace-break-spaces", edit.operation === "delete" && "line-through")}>{editInWords(edit)}</span>}
              hint={[edit.effect === undefined ? "" : `${points(edit.effect)} on train (${pointsRange(edit.effect_low, edit.effect_high)})`, edit.rationale, heardOf(edit)].filter(Boolean).join(" · ")}
            />
          </li>
        ))}
      </Lines>
    </fieldset>
  );
}

function Reject({ suggestion, writing: { written: { reason }, write }, open, onDone, onClose }: Part) {
  const reject = useChange("post", "/v1/suggestions/{suggestion_id}/reject", { invalidates: MADE_OLD });
  const onError = overtaken(onDone);
  const submit = () =>
    reject.mutate(
      { path: { suggestion_id: suggestion.id }, body: { reason: reason.trim() } },
      {
        onSuccess: () => {
          onDone();
          toast("The suggestion is rejected; it stays for the record");
        },
        onError,
      },
    );
  return (
    <FormDialog keeps open={open} onOpenChange={(next) => next || onClose()} title="Reject this suggestion?" description="It cannot be accepted afterwards. It stays readable, with your reason." submit="Reject" danger onSubmit={submit} busy={reject.isPending} error={reject.error} disabled={!reason.trim()}>
      <Field label="Reason" error={errorFor(reject.error, "reason")} required>
        <Textarea autoFocus value={reason} maxLength={2000} onChange={(event) => write({ reason: event.target.value })} placeholder="It sends refunds to the wrong queue" />
      </Field>
    </FormDialog>
  );
}
