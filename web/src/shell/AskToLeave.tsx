import { type ShouldBlockFn, useBlocker } from "@tanstack/react-router";
import { type ReactNode, useRef } from "react";
import { ConfirmDialog } from "@/kit/Dialog";

/** Asks before going elsewhere where that `isLoss`; the browser asks where `isUnsaved`. Whoever goes back to here while it is asked has answered:
 * the browser stands here again, and to be sent on from here once more would reload the page. */
export function AskToLeave({ isLoss, isUnsaved, onLoss, children }: { isLoss: ShouldBlockFn; isUnsaved: () => boolean; onLoss?: () => void; children: ReactNode }) {
  const settle = useRef<(() => void) | undefined>(undefined);
  const leaving = useBlocker({
    shouldBlockFn: (way) => {
      if (!isThroughHistory(way.action) || placeOf(way.next) !== placeOf(way.current)) return isLoss(way);
      settle.current?.();
      return false;
    },
    enableBeforeUnload: isUnsaved,
    withResolver: true,
  });
  settle.current = leaving.proceed;
  const go = () => {
    onLoss?.();
    leaving.proceed?.();
  };
  return (
    <ConfirmDialog open={leaving.status === "blocked"} onOpenChange={(open) => (open ? undefined : leaving.reset?.())} title="Leave without saving?" submit="Discard and leave" cancel="Stay" onSubmit={go}>
      {children}
    </ConfirmDialog>
  );
}

/** By the browser's own buttons, and not by a link or a button of the page. */
export function isThroughHistory(action: string): boolean {
  return action === "BACK" || action === "FORWARD" || action === "GO";
}

function placeOf({ pathname, search }: { pathname: string; search: object }): string {
  return pathname + JSON.stringify(search);
}
