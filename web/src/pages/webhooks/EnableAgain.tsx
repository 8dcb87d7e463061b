import { useState } from "react";
import { useChange } from "@/api/hooks";
import { Checkbox, FormDialog, toast } from "@/kit";
import type { Endpoint } from "./draft";

/** After a disablement: on again, and what was missed is sent, if wished. */
export function EnableAgain({ endpoint, onOpenChange, onCatchUp }: { endpoint: Endpoint; onOpenChange: (open: boolean) => void; onCatchUp: () => void }) {
  const [catchUp, setCatchUp] = useState(true);
  const enable = useChange("patch", "/v1/webhooks/endpoints/{endpoint_id}", { invalidates: ["/v1/webhooks"] });
  // As a promise: when the endpoint is read again as active, this dialog is gone, and callbacks of `mutate` with it.
  const submit = () =>
    void enable.mutateAsync({ path: { endpoint_id: endpoint.id }, body: { enabled: true, catch_up: catchUp } }).then(
      ({ catch_up_id }) => {
        onOpenChange(false);
        toast(catch_up_id ? "On again; what was missed is on its way" : "On again");
        if (catch_up_id) onCatchUp();
      },
      () => undefined, // The form shows it.
    );
  return (
    <FormDialog open onOpenChange={onOpenChange} title="Enable the endpoint again" submit="Enable" onSubmit={submit} busy={enable.isPending} error={enable.error}>
      <Checkbox label="Send what was missed" hint="What was cancelled while it was off, slowly, behind what happens now." checked={catchUp} onChange={(event) => setCatchUp(event.target.checked)} />
    </FormDialog>
  );
}
