import { Trash2 } from "lucide-react";
import { useState } from "react";
import { useChange } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Button, ConfirmDialog, toast } from "@/kit";

const SHOWS_TEXTS = ["/v1/executions", "/v1/review", "/v1/feedback", "/v1/audit"];

/** Takes the texts of a run away at once. `deletedAt`: they are gone already. */
export function DeleteTexts({ execution, deletedAt, ended }: { execution: string; deletedAt: string | null; ended: boolean }) {
  const may = useMay();
  const [asking, setAsking] = useState(false);
  const remove = useChange("delete", "/v1/executions/{execution_id}/content", { invalidates: SHOWS_TEXTS });
  const done = () => {
    setAsking(false);
    toast("The texts of this run are deleted");
  };
  const submit = () => remove.mutate({ path: { execution_id: execution } }, { onSuccess: done });
  const why = !may.admin ? needs("admin") : deletedAt ? "Its texts are deleted." : "It has not ended.";
  return (
    <>
      <Button size="s" icon={<Trash2 size={12} aria-hidden />} disabled={!may.admin || !ended || deletedAt !== null} why={why} onClick={() => setAsking(true)}>
        Delete its texts…
      </Button>
      <ConfirmDialog open={asking} onOpenChange={setAsking} title="Delete the texts of this run?" submit="Delete them" onSubmit={submit} busy={remove.isPending} error={remove.error}>
        What was sent and answered with all that belongs to it (such as metadata and files), who asked, the cached answer, words of feedback, judges and reviews, and the comments on it. Figures and costs stay. It does not come back. Items of datasets that were made of it stay: remove them there.
      </ConfirmDialog>
    </>
  );
}
