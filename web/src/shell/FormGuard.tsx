import { useBlocker } from "@tanstack/react-router";
import { useState } from "react";
import { holdForms, writtenForm } from "@/api/open-forms";
import { AskToLeave, isThroughHistory } from "./AskToLeave";

/** Asks before going back or forward takes away a form in which something was written. One that was sent stays until its answer is there. What
 * is gone to by a link or a button of the form is left to it. */
export function FormGuard() {
  const [title, setTitle] = useState("");
  useBlocker({ shouldBlockFn: ({ action }) => isThroughHistory(action) && holdForms(), enableBeforeUnload: false });
  const isLoss = ({ action }: { action: string }) => {
    const written = isThroughHistory(action) ? writtenForm() : null;
    if (written !== null) setTitle(written);
    return written !== null;
  };
  return (
    <AskToLeave isLoss={isLoss} isUnsaved={() => writtenForm() !== null}>
      What you wrote in “{title}” is not saved, and is lost when you leave.
    </AskToLeave>
  );
}
