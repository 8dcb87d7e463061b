import { useState } from "react";
import { ApiError } from "@/api/errors";
import { useChange, useRead } from "@/api/hooks";
import { Checkbox, Field, FormDialog, Notice, Select, Textarea, errorFor, toast } from "@/kit";
import { points } from "@/lib/format";
import { type Suggestion, evidenceOf, pointsRange } from "./model";

const MADE_OLD = ["/v1/suggestions", "/v1/prompts", "/v1/optimizations"];

type Props = { suggestion: Suggestion; deciding: "accept" | "reject" | null; onClose: () => void };

export function Decide({ suggestion, deciding, onClose }: Props) {
  return (
    <>
      <Accept key={`a ${deciding}`} suggestion={suggestion} open={deciding === "accept"} onClose={onClose} />
      <Reject key={`r ${deciding}`} suggestion={suggestion} open={deciding === "reject"} onClose={onClose} />
    </>
  );
}

type Part = { suggestion: Suggestion; open: boolean; onClose: () => void };

function Accept({ suggestion, open, onClose }: Part) {
  const [label, setLabel] = useState("production");
  const [force, setForce] = useState(false);
  const accept = useChange("post", "/v1/suggestions/{suggestion_id}/accept", { invalidates: MADE_OLD });
  const prompt = useRead("/v1/prompts/{slug}", { path: { slug: suggestion.prompt } }, { enabled: open });
  const labels = prompt.data?.labels as Record<string, number> | undefined;
  const live = labels?.["production"];
  const moved = label === "production" && live !== undefined && live !== suggestion.base_version;
  const conflict = accept.error instanceof ApiError && accept.error.status === 409 && accept.error.param === "label";
  const { test } = evidenceOf(suggestion);
  const submit = () =>
    accept.mutate(
      { path: { suggestion_id: suggestion.id }, body: { label: label || null, force } as never },
      {
        onSuccess: (made) => {
          onClose();
          toast(`Version ${made.version} is there${made.label ? `, and ${made.label} names it` : ""}`);
        },
      },
    );
  return (
    <FormDialog
      open={open}
      onOpenChange={(next) => next || onClose()}
      title={`Accept for ${suggestion.prompt}?`}
      description={`Exactly the text that was measured becomes the next version: ${points(test.delta)} right on test (${pointsRange(test.ci_low, test.ci_high)}).`}
      submit={label === "production" ? "Accept and go live" : "Accept"}
      onSubmit={submit}
      busy={accept.isPending}
      error={accept.error}
      disabled={(moved || conflict) && !force}
    >
      <Field label="Label that moves to it" hint={label === "production" ? "Live at once. Moving the label back undoes it." : label ? undefined : "The version is there; nothing that runs changes."}>
        <Select
          value={label}
          onChange={(next) => {
            setLabel(next);
            setForce(false);
          }}
          options={[...new Set(["production", "staging", ...Object.keys(labels ?? {})])].filter((one) => one !== "latest").map((one) => ({ value: one, label: one })).concat([{ value: "", label: "none" }])}
        />
      </Field>
      {(moved || conflict) && label === "production" ? (
        <Notice tone="warn" title={live === undefined ? "Production names another version by now." : `Production names v${live} by now.`}>
          The gain was measured against v{suggestion.base_version}. Search again to be sure, or:
          <Checkbox className="mt-2" label="Go live all the same" checked={force} onChange={(event) => setForce(event.target.checked)} />
        </Notice>
      ) : null}
    </FormDialog>
  );
}

function Reject({ suggestion, open, onClose }: Part) {
  const [reason, setReason] = useState("");
  const reject = useChange("post", "/v1/suggestions/{suggestion_id}/reject", { invalidates: MADE_OLD });
  const submit = () =>
    reject.mutate(
      { path: { suggestion_id: suggestion.id }, body: { reason: reason.trim() } },
      {
        onSuccess: () => {
          onClose();
          toast("The suggestion is rejected; it stays for the record");
        },
      },
    );
  return (
    <FormDialog open={open} onOpenChange={(next) => next || onClose()} title="Reject this suggestion?" description="It cannot be accepted afterwards. It stays readable, with your reason." submit="Reject" danger onSubmit={submit} busy={reject.isPending} error={reject.error} disabled={!reason.trim()}>
      <Field label="Reason" error={errorFor(reject.error, "reason")} required>
        <Textarea autoFocus value={reason} maxLength={2000} onChange={(event) => setReason(event.target.value)} placeholder="It sends refunds to the wrong queue" />
      </Field>
    </FormDialog>
  );
}
