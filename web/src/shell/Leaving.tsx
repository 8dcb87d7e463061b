import { useLeaving } from "@/api/unsaved";
import { ConfirmDialog } from "@/kit/Dialog";

/** Asks before another workspace or signing out takes away what is not saved. */
export function Leaving() {
  const asking = useLeaving();
  if (!asking) return null;
  return (
    <ConfirmDialog open onOpenChange={(open) => (open ? undefined : asking.stay())} title="Leave without saving?" submit="Discard and leave" cancel="Stay" onSubmit={asking.go}>
      What you wrote in {asking.what} is not saved, and is lost when you leave.
    </ConfirmDialog>
  );
}
