import { isUnsaved } from "@/api/unsaved";
import { AskToLeave } from "./AskToLeave";

/** Asks before what is unsaved of `slug` (see useUnsaved) is thrown away by going elsewhere. Tabs of the same page keep it. */
export function LeaveGuard({ slug }: { slug: string }) {
  return (
    <AskToLeave isLoss={({ current, next }) => current.pathname !== next.pathname && isUnsaved(slug)} isUnsaved={() => isUnsaved(slug)}>
      What you wrote in {slug} is not saved, and is lost when you leave.
    </AskToLeave>
  );
}
