import { useState } from "react";
import { useFormOver } from "@/api/form-over";
import { read, useChange, useRead } from "@/api/hooks";
import { FormDialog, UNCHANGED, toast } from "@/kit";
import { EndpointFields } from "./EndpointFields";
import { type Draft, type Endpoint, askedAnew, changesOf, draftOf, faultsOf } from "./draft";

export function EditEndpoint({ endpoint, onOpenChange }: { endpoint: Endpoint; onOpenChange: (open: boolean) => void }) {
  const [first] = useState<Draft>(() => draftOf(endpoint));
  const over = useFormOver(first, async () => draftOf(await read("/v1/webhooks/endpoints/{endpoint_id}", { path: { endpoint_id: endpoint.id } })), ["/v1/webhooks"]);
  const { base: before, draft } = over;
  const [sent, setSent] = useState<Draft | null>(null);
  const kinds = useRead("/v1/webhooks/events", undefined, { staleTime: Number.POSITIVE_INFINITY });
  const save = useChange("patch", "/v1/webhooks/endpoints/{endpoint_id}", { invalidates: ["/v1/webhooks"] });
  const changes = changesOf(before, draft);
  const anew = askedAnew(before, draft);
  const send = (draft: Draft) => {
    setSent(draft);
    save.mutate(
      { path: { endpoint_id: endpoint.id }, body: changes as never },
      {
        onSuccess: ({ warning }) => {
          onOpenChange(false);
          toast(warning ?? "Saved; it holds from the next event on");
        },
      },
    );
  };
  return (
    <FormDialog
      open
      wide
      onOpenChange={onOpenChange}
      title="Change the endpoint"
      submit="Save"
      onSubmit={() => over.send(send)}
      busy={save.isPending}
      error={save.error}
      over={over}
      missing={anew !== null ? undefined : Object.keys(changes).length === 0 ? UNCHANGED : draft.events.length === 0 ? "Choose what it is told of." : undefined}
      disabled={Object.keys(changes).length === 0 || !draft.url.trim() || draft.events.length === 0 || Object.keys(faultsOf(draft)).length > 0 || anew !== null}
    >
      <EndpointFields draft={draft} set={over.change} kinds={kinds.data?.data ?? []} error={save.error} sent={sent} anew={anew} />
    </FormDialog>
  );
}
