import { useBlocker } from "@tanstack/react-router";
import { isUnsaved } from "@/api/unsaved";
import { ConfirmDialog } from "@/kit/Dialog";

/** Asks before what is unsaved of `slug` (see useUnsaved) is thrown away by going elsewhere. Tabs of the same page keep it. */
export function LeaveGuard({ slug }: { slug: string }) {
  const leaving = useBlocker({
    shouldBlockFn: ({ current, next }) => current.pathname !== next.pathname && isUnsaved(slug),
    enableBeforeUnload: () => isUnsaved(slug),
    withResolver: true,
  });
  return (
    <ConfirmDialog open={leaving.status === "blocked"} onOpenChange={(open) => (open ? undefined : leaving.reset?.())} title="Leave without saving?" submit="Discard and leave" cancel="Stay" onSubmit={() => leaving.proceed?.()}>
      What you wrote in {slug} is not saved, and is lost when you leave.
    </ConfirmDialog>
  );
}
