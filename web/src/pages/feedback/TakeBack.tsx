import { Undo2 } from "lucide-react";
import { useState } from "react";
import { useQueryClient } from "@tanstack/react-query";
import { invalidate, useChange } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { ConfirmDialog, IconButton, toast } from "@/kit";
import { BOOKED_MS } from "@/kit/execution/Thumbs";
import { whatGoes } from "./said";

/** Takes one reaction back, after it was asked. `kinds`: of all reactions of its id. `who`: whose it is, for its name. */
export function TakeBack({ id, kinds, who }: { id: string; kinds: readonly string[]; who: string }) {
  const may = useMay();
  const queries = useQueryClient();
  const [isAsking, setAsking] = useState(false);
  const remove = useChange("delete", "/v1/feedback/{feedback_id}");
  const submit = () =>
    remove.mutate(
      { path: { feedback_id: id } },
      {
        onSuccess: () => {
          setAsking(false);
          toast("Taken back; figures follow within a second");
          setTimeout(() => void invalidate(queries, ["/v1/feedback", "/v1/executions", "/v1/sessions"]), BOOKED_MS);
        },
      },
    );
  return (
    <>
      <IconButton size="s" label={`Take back the ${kinds[0] ?? "reaction"} of ${who}`} icon={<Undo2 size={14} aria-hidden />} disabled={!may.edit} why={needs("editor")} onClick={() => setAsking(true)} />
      <ConfirmDialog open={isAsking} onOpenChange={setAsking} title="Take this feedback back?" submit="Take it back" onSubmit={submit} busy={remove.isPending} error={remove.error}>
        {whatGoes(kinds)}
      </ConfirmDialog>
    </>
  );
}
