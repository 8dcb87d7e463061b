import { useLiveFigures, useLiveStatus } from "@/api/live";
import { classes } from "@/lib/classes";
import { plural } from "@/lib/format";

/** Whether figures come as they happen, and what the last minute was. As wide from the start, so that nothing moves when they come. */
export function LiveDot({ prompt }: { prompt: string }) {
  const status = useLiveStatus();
  const figures = useLiveFigures();
  const counts = prompt ? figures?.prompts.find((one) => one.prompt === prompt) : figures?.total;
  const own = counts?.executions ?? 0;
  const simulated = counts?.simulated_executions ?? 0;
  const words = status === "live" ? (figures ? `${plural(own, "run")} in the last minute${simulated > 0 ? `, ${simulated === own ? "" : `${simulated} of them `}simulated` : ""}` : "live") : status === "lost" ? "connection lost" : status === "paused" ? "paused" : "connecting";
  return (
    <span className="inline-flex h-8 min-w-64 items-center gap-2 text-13 text-muted sm:justify-end" title={figures && status === "live" ? `${plural(figures.total.executions, "run")} of the workspace` : undefined}>
      <span aria-hidden data-drawn className={classes("size-2 rounded-full", status === "live" ? "bg-ok" : status === "lost" ? "bg-bad" : "bg-line-strong")} />
      <span className="numeric">{words}</span>
    </span>
  );
}
