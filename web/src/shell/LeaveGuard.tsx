import { useRouter } from "@tanstack/react-router";
import { useState } from "react";
import { giveUpUnsaved, unsaved } from "@/api/unsaved";
import { AskToLeave } from "./AskToLeave";

/** Asks before what is unsaved (see useUnsaved) is thrown away by going to another page. Tabs of the same page keep it. */
export function LeaveGuard() {
  const { history } = useRouter();
  const [what, setWhat] = useState("");
  const isLoss = ({ current, next }: { current: { pathname: string }; next: { pathname: string } }) => {
    const written = current.pathname === next.pathname ? null : unsaved();
    if (written !== null) setWhat(written);
    return written !== null;
  };
  const giveUp = () => {
    const here = history.location.pathname;
    giveUpUnsaved(() => history.location.pathname === here);
  };
  return (
    <AskToLeave isLoss={isLoss} isUnsaved={() => unsaved() !== null} onLoss={giveUp}>
      What you wrote in {what} is not saved, and is lost when you leave.
    </AskToLeave>
  );
}
