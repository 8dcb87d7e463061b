import { useChange } from "@/api/hooks";
import { ConfirmDialog, RelativeTime, SecretDialog } from "@/kit";

/** Makes the one-time link, and shows it once. */
export function ResetPassword({ userId, name, onClose }: { userId: string; name: string; onClose: () => void }) {
  const make = useChange("post", "/v1/members/{user_id}/password-reset", { invalidates: [] });
  if (make.data) {
    return (
      <SecretDialog title={`Give this link to ${name}`} secret={make.data.url} what="the link" onClose={onClose}>
        <p className="text-13 text-muted">
          It works once, and ends <RelativeTime at={make.data.expires_at} />. Whoever has it can enter the account of {make.data.email}. {make.data.is_mailed ? "It is mailed there as well." : "It is not mailed: give it to them in the way you trust."}
        </p>
      </SecretDialog>
    );
  }
  return (
    <ConfirmDialog open onOpenChange={(open) => !open && onClose()} title={`Reset the password of ${name}?`} submit="Make the link" onSubmit={() => make.mutate({ path: { user_id: userId } })} busy={make.isPending} error={make.error}>
      You get a link by which they set a new password. It works once, for an hour; the old password holds until then. All their sessions end when they use it.
    </ConfirmDialog>
  );
}
