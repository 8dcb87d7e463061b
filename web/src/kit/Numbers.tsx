import { useSyncExternalStore } from "react";
import { type Maybe, type Moment, NONE, ago, count, decimal, duration, moment, money, percent, percentRange, zone } from "@/lib/format";
import { classes } from "@/lib/classes";

const TICK_MS = 30_000;
let now = new Date();
const watchers = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function watch(changed: () => void): () => void {
  watchers.add(changed);
  timer ??= setInterval(() => {
    now = new Date();
    for (const one of watchers) one();
  }, TICK_MS);
  return () => {
    watchers.delete(changed);
    if (watchers.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/** "3 min ago", with the whole moment on hover. It keeps up with the clock. */
export function RelativeTime({ at, className }: { at: Moment; className?: string }) {
  useSyncExternalStore(watch, () => now);
  const date = at === null || at === undefined ? null : new Date(at);
  if (!date || Number.isNaN(date.getTime())) return <span className={className}>{NONE}</span>;
  return (
    <time dateTime={date.toISOString()} title={`${moment(date, { seconds: true })} ${zone(date)}`} className={classes("numeric whitespace-nowrap", className)}>
      {ago(date)}
    </time>
  );
}

/** Nano-dollars as dollars, exact on hover. */
export function Money({ nusd, className }: { nusd: Maybe; className?: string }) {
  const exact = nusd === null || nusd === undefined ? undefined : `$${(nusd / 1e9).toFixed(9).replace(/0+$/, "").replace(/\.$/, "")}`;
  return (
    <span title={exact} className={classes("numeric whitespace-nowrap", className)}>
      {money(nusd)}
    </span>
  );
}

export type Interval = { value?: Maybe; low?: Maybe; high?: Maybe; samples?: Maybe };

/** A share, and how sure it is: "58.9 %" with "50.7–66.8 %, n 139" beside it, below it, or on hover only. */
export function Percent({ share, low, high, samples, show = "hover", className }: { share: Maybe; low?: Maybe; high?: Maybe; samples?: Maybe; show?: "beside" | "below" | "hover"; className?: string }) {
  const range = low === null || low === undefined || high === null || high === undefined ? null : percentRange(low, high);
  const said = [range && `95 % interval ${range}`, samples !== null && samples !== undefined && `n = ${decimal(samples)}`].filter(Boolean).join(", ");
  return (
    <span title={said || undefined} className={classes("numeric whitespace-nowrap", show === "below" && "inline-flex flex-col", className)}>
      {percent(share)}
      {range && show !== "hover" ? <span className={classes("text-12 text-muted", show === "beside" && "ml-1.5")}>{range}</span> : null}
      {range && show === "hover" ? <span className="sr-only">, {said}</span> : null}
    </span>
  );
}

export function Duration({ ms, className }: { ms: Maybe; className?: string }) {
  return <span className={classes("numeric whitespace-nowrap", className)}>{duration(ms)}</span>;
}

/** A count: 12,311; a quiet dash for none. */
export function NumberCell({ value }: { value: Maybe }) {
  return value === 0 || value === null || value === undefined ? <span className="text-muted">{NONE}</span> : <span className="numeric">{count(value)}</span>;
}
