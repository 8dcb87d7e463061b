import type { ReactNode } from "react";
import { classes } from "@/lib/classes";
import { Tooltip } from "./Tooltip";

export type Tone = "neutral" | "ok" | "warn" | "bad" | "accent";

const tones: Record<Tone, string> = {
  neutral: "bg-sunken text-muted shadow-[inset_0_0_0_1px_var(--line)]",
  ok: "bg-ok-soft text-ok",
  warn: "bg-warn-soft text-warn",
  bad: "bg-bad-soft text-bad",
  accent: "bg-accent-soft text-accent",
};

/** Where a badge is part of a row or of what can be pressed, it keeps its one line: a long name ends in "…", and `Whole` shows the rest to whoever comes
 * there. Elsewhere nobody could come to it by the keys, so all of it stands there. */
const ONE_LINE = "in-[:is(td,a,button,summary,[role=option],[role^=menuitem])]:truncate";

/** A word or two on a tone. The words say it; the tone only helps to find it. */
export function Badge({ tone = "neutral", children, icon, mono, className }: { tone?: Tone; children: ReactNode; icon?: ReactNode; mono?: boolean; className?: string }) {
  return (
    <span data-ground className={classes("inline-flex min-h-5 max-w-full shrink-0 items-center gap-1 rounded-s px-1.5 py-0.5 text-12 font-medium", mono && "font-mono", tones[tone], className)}>
      {icon}
      <span className={classes("min-w-0 wrap-break-word", ONE_LINE)}>{children}</span>
    </span>
  );
}

/** Said wherever figures or answers come from the simulated model. */
export function SimulatedBadge() {
  return (
    <Tooltip text="From the built-in simulated model: no figure here is one of a real model.">
      <button type="button" className="inline-flex cursor-help rounded-s finger:py-2 finger:-my-2">
        <Badge tone="warn">simulated</Badge>
      </button>
    </Tooltip>
  );
}

/** The same in a row of a list, where a button of its own in each would be in the way. */
export function SimulatedMark() {
  return (
    <span title="From the built-in simulated model" className="inline-flex">
      <Badge tone="warn">simulated</Badge>
    </span>
  );
}

export type ExecutionStatus = "success" | "error" | "timeout" | "rate_limited" | "cancelled" | "blocked";

const statuses: Record<string, Tone> = {
  success: "ok", completed: "ok", delivered: "ok", active: "ok", accepted: "ok", passed: "ok", enabled: "ok", resolved: "ok", ok: "ok",
  error: "bad", failed: "bad", exhausted: "bad", unhealthy: "bad", revoked: "bad", critical: "bad", dead: "bad",
  timeout: "warn", rate_limited: "warn", blocked: "warn", warning: "warn", retrying: "warn", acknowledged: "warn", expired: "warn",
  running: "accent", raised: "bad", queued: "neutral", pending: "neutral", cancelled: "neutral",
}; // prettier-ignore

/** The status of anything, in its own word: `rate_limited` reads "rate limited". */
export function StatusBadge({ status }: { status: string }) {
  return <Badge tone={statuses[status] ?? "neutral"}>{status.replaceAll("_", " ")}</Badge>;
}
