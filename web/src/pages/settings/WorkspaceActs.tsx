import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useChange } from "@/api/hooks";
import { sessionChanged } from "@/api/session";
import { Field, FormDialog, Input, Select, errorFor, toast, toastError } from "@/kit";
import { money } from "@/lib/format";
import { amountFault, nusdOf } from "@/pages/usage/burn";

export type There = { id: string; name: string };
const AGAIN = { invalidates: ["/v1/organizations", "/v1/workspaces", "/v1/credits", "/v1/usage"] };

/** Lets a workspace begin nothing more, or go on again. */
export function Suspend({ there, resume, onClose }: { there: There; resume: boolean; onClose: () => void }) {
  const [reason, setReason] = useState("");
  const suspend = useChange("post", "/v1/workspaces/{workspace_id}/suspend", AGAIN);
  const goOn = useChange("post", "/v1/workspaces/{workspace_id}/resume", AGAIN);
  const { isPending, error } = resume ? goOn : suspend;
  const given = { path: { workspace_id: there.id }, body: { reason: reason.trim() } };
  const onSuccess = ({ changed }: { changed: boolean }) => {
    onClose();
    toast(resume ? (changed ? "It goes on" : "It was not suspended") : changed ? "It begins nothing more" : "It was suspended already");
  };
  return (
    <FormDialog
      danger={!resume}
      open
      onOpenChange={(open) => open || onClose()}
      title={`${resume ? "Resume" : "Suspend"} ${there.name}`}
      description={resume ? "Calls are taken again, at every gateway within a second." : "New calls are refused, at every gateway within a second. What is under way ends as usual; reading goes on."}
      submit={resume ? "Resume it" : "Suspend it"}
      busy={isPending}
      error={error}
      disabled={!reason.trim()}
      onSubmit={() => (resume ? goOn.mutate(given, { onSuccess }) : suspend.mutate(given, { onSuccess }))}
    >
      <Field label="Reason" hint="Stands in the audit log." required error={errorFor(error, "reason")}>
        <Input autoFocus value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} />
      </Field>
    </FormDialog>
  );
}

/** From one workspace of the organization to another. */
export function MoveCredit({ from, others, onClose }: { from: There; others: readonly There[]; onClose: () => void }) {
  const to = others.filter((one) => one.id !== from.id);
  const [chosen, setChosen] = useState(to[0]?.id ?? "");
  const [typed, setTyped] = useState("");
  const [reason, setReason] = useState("");
  const move = useChange("post", "/v1/credits/moves", AGAIN);
  const amount = nusdOf(typed);
  const isWrong = amount === null || amount === 0;
  const submit = () =>
    !isWrong &&
    move.mutate(
      { body: { from_workspace_id: from.id, to_workspace_id: chosen, amount_nusd: amount, reason: reason.trim() } },
      {
        onSuccess: () => {
          onClose();
          toast(`${money(amount)} moved to ${to.find((one) => one.id === chosen)?.name ?? "it"}`);
        },
      },
    );
  return (
    <FormDialog open onOpenChange={(open) => open || onClose()} title={`Move credit from ${from.name}`} description="What is there and not held by calls under way. It stands in both statements with its reason." submit="Move it" busy={move.isPending} error={move.error} disabled={isWrong || !reason.trim() || !chosen} onSubmit={submit}>
      <Field label="To" error={errorFor(move.error, "to_workspace_id")}>
        <Select value={chosen} onChange={setChosen} options={to.map((one) => ({ value: one.id, label: one.name }))} />
      </Field>
      <Field label="Dollars" required error={typed && isWrong ? amountFault(typed) : errorFor(move.error, "amount_nusd")}>
        <Input autoFocus inputMode="decimal" value={typed} onChange={(event) => setTyped(event.target.value)} />
      </Field>
      <Field label="Reason" required error={errorFor(move.error, "reason")}>
        <Input value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} />
      </Field>
    </FormDialog>
  );
}

/** Erases a workspace and all that it holds, when its name is typed. */
export function DeleteWorkspace({ there, organization, onClose, onErased }: { there: There; organization: There; onClose: () => void; onErased: () => void }) {
  const [typed, setTyped] = useState("");
  const queries = useQueryClient();
  const erase = useChange("delete", "/v1/workspaces/{workspace_id}", AGAIN);
  const onSuccess = () => {
    onClose();
    onErased();
    toast(`${there.name} is being erased`);
    void sessionChanged(queries).catch(toastError);
  };
  return (
    <FormDialog danger open onOpenChange={(open) => open || onClose()} title={`Erase ${there.name}`} submit="Erase it for good" busy={erase.isPending} error={erase.error} missing={typed === there.name ? undefined : `Type ${there.name} first, to show that you mean it.`} disabled={typed !== there.name} onSubmit={() => erase.mutate({ path: { workspace_id: there.id }, query: { confirm: typed } }, { onSuccess })}>
      <div className="flex flex-col gap-2 text-14">
        <p>It does not come back, and {organization.name} keeps nothing of what is in it.</p>
        <dl className="grid grid-cols-[5rem_minmax(0,1fr)] gap-x-3 gap-y-1 text-13">
          <dt className="text-muted">At once</dt>
          <dd>It is suspended, its keys are revoked, its provider keys destroyed, its members taken out.</dd>
          <dt className="text-muted">Then goes</dt>
          <dd>Prompts, datasets, texts, people, webhooks and the rest.</dd>
          <dt className="text-muted">Stays</dt>
          <dd>Amounts, counts and the audit log, without content.</dd>
        </dl>
      </div>
      <Field label={`Type ${there.name} to go on`} error={errorFor(erase.error, "confirm")}>
        <Input autoFocus value={typed} onChange={(event) => setTyped(event.target.value)} />
      </Field>
    </FormDialog>
  );
}
