import { Link, useLocation } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { STEPS, isDone, nextStep, note, useFirstSteps, useMarked } from "@/api/first-steps";
import { useMay, useSession } from "@/api/session";
import { classes } from "@/lib/classes";

const AFTER_MS = 1_200;
const LOOK_AGAIN_MS = 20_000;

/** The way to the first steps, above the account: while some are left, and where all are taken until this person has been there. Asked for after
 * the page itself. */
export function FirstSteps({ workspaceId }: { workspaceId: string }) {
  const may = useMay();
  const { user } = useSession();
  const isAway = useMarked("put away", user.id, workspaceId);
  const hasSeen = useMarked("seen", user.id, workspaceId);
  const [isTime, setTime] = useState(false);
  const here = useLocation({ select: (location) => location.pathname === "/start" });
  useEffect(() => {
    const timer = setTimeout(() => setTime(true), AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  const { facts, isReady } = useFirstSteps({ enabled: isTime && may.edit && !isAway, everyMs: LOOK_AGAIN_MS });
  const isOver = isReady && nextStep(facts) === null && hasSeen && !here;
  useEffect(() => {
    // Not asked again.
    if (isOver) note("put away", user.id, workspaceId);
  }, [isOver, user.id, workspaceId]);
  if (isAway || isOver || !isReady || !may.edit) return null;
  const done = STEPS.filter((step) => isDone(step, facts)).length;
  return (
    <Link to="/start" aria-current={here ? "page" : undefined} className={classes("mb-1.5 block rounded-m px-2 py-1.5 text-13 font-medium", here ? "bg-accent-soft text-accent" : "text-fg hover:bg-line/60")}>
      <span className="flex items-baseline justify-between gap-2">
        First steps
        <span className="numeric text-12 font-normal text-muted">
          {done} of {STEPS.length}
        </span>
      </span>
      <span aria-hidden className="mt-1 flex gap-1">
        {STEPS.map((step) => (
          <span key={step} className={classes("h-1 flex-1 rounded-full", isDone(step, facts) ? "bg-accent" : "bg-line-strong/40")} />
        ))}
      </span>
    </Link>
  );
}
