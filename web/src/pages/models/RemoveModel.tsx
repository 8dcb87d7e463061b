import { useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { newIdempotencyKey } from "@/api/client";
import { invalidate, useChange } from "@/api/hooks";
import { ConfirmDialog, toast } from "@/kit";
import { type WholeModel } from "./model";

const ONE = "/v1/models/{model}";

/** Takes a model of the workspace's own away: the operator's of that name is called again, where there is one. */
export function RemoveModel({ model: { id }, onClose, onRemoved }: { model: WholeModel; onClose: () => void; onRemoved: () => void }) {
  const queries = useQueryClient();
  const remove = useChange("delete", ONE);
  // Under one key it is removed once, also where the answer was lost on its way and it is pressed again.
  const key = useRef(newIdempotencyKey());
  const submit = () =>
    remove.mutate(
      { path: { model: id }, headers: { "Idempotency-Key": key.current } },
      {
        onSuccess: ({ platform_model: stands }) => {
          toast(stands ? `Calls of ${id} go to the operator’s model of that name again` : `${id} is removed`);
          // What stands there now is read; one that is gone is not.
          void invalidate(queries, ["/v1/models"], stands ? undefined : ONE);
          if (stands) onClose();
          else onRemoved();
        },
      },
    );
  return (
    <ConfirmDialog open onOpenChange={(open) => open || onClose()} title={`Remove ${id}?`} submit="Remove it" busy={remove.isPending} error={remove.error} onSubmit={submit}>
      <p>Where the operator offers a model of this name, that one is called from then on. Else nothing is removed while a prompt, an evaluator or anything else that is set up names it, and you are told what does. What was charged by its prices can still be looked up.</p>
    </ConfirmDialog>
  );
}
