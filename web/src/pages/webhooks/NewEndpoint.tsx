import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useChange, useRead } from "@/api/hooks";
import { FormDialog } from "@/kit";
import { EndpointFields } from "./EndpointFields";
import { SecretShown } from "./SecretShown";
import { type Draft, bodyOf, draftOf, missingOf } from "./draft";

/** Makes an endpoint, and shows its secret this once. */
export function NewEndpoint({ onOpenChange }: { onOpenChange: (open: boolean) => void }) {
  const [draft, setDraft] = useState<Draft>(() => draftOf(null));
  const [sent, setSent] = useState<Draft | null>(null);
  const navigate = useNavigate();
  const kinds = useRead("/v1/webhooks/events", undefined, { staleTime: Number.POSITIVE_INFINITY });
  const create = useChange("post", "/v1/webhooks/endpoints", { invalidates: ["/v1/webhooks"] });
  const made = create.data;
  if (made) {
    const leave = () => {
      onOpenChange(false);
      void navigate({ to: `/webhooks/${made.id}`, replace: true });
    };
    return <SecretShown secret={made.secret} publicKey={made.public_key} warning={made.warning ?? null} title="The endpoint's secret" onClose={leave} />;
  }
  const missing = missingOf(draft);
  const submit = () => {
    setSent(draft);
    create.mutate({ body: bodyOf(draft) } as never);
  };
  return (
    <FormDialog
      open
      wide
      onOpenChange={onOpenChange}
      title="New endpoint"
      description="Burnish tells it what happens by signed HTTP requests, and tries again until they arrive."
      submit="Create"
      onSubmit={submit}
      busy={create.isPending}
      error={create.error}
      missing={missing ? `To create it: ${missing}.` : undefined}
      disabled={missing !== null}
    >
      <EndpointFields draft={draft} set={(changed) => setDraft({ ...draft, ...changed })} kinds={kinds.data?.data ?? []} error={create.error} sent={sent} />
    </FormDialog>
  );
}
