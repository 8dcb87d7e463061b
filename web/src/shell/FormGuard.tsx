import { useBlocker } from "@tanstack/react-router";
import { useState } from "react";
import { holdForms, writtenForm } from "@/api/open-forms";
import { ConfirmDialog } from "@/kit/Dialog";

/** Asks before going back or forward takes away a form in which something was written. One that was sent stays until its answer is there. */
export function FormGuard() {
  const [title, setTitle] = useState("");
  useBlocker({ shouldBlockFn: ({ action }) => isThroughHistory(action) && holdForms(), enableBeforeUnload: false });
  const leaving = useBlocker({
    shouldBlockFn: ({ action }) => {
      const written = isThroughHistory(action) ? writtenForm() : null;
      if (written !== null) setTitle(written);
      return written !== null;
    },
    enableBeforeUnload: () => writtenForm() !== null,
    withResolver: true,
  });
  return (
    <ConfirmDialog open={leaving.status === "blocked"} onOpenChange={(open) => (open ? undefined : leaving.reset?.())} title="Leave without saving?" submit="Discard and leave" cancel="Stay" onSubmit={() => leaving.proceed?.()}>
      What you wrote in “{title}” is not saved, and is lost when you leave.
    </ConfirmDialog>
  );
}

/** What is gone to by a link or a button of the form is left to it. */
function isThroughHistory(action: string): boolean {
  return action === "BACK" || action === "FORWARD" || action === "GO";
}
