import { Badge, type Tone } from "@/kit";
import { type Batch, statusWord } from "./model";

const TONES: Record<string, Tone> = { completed: "ok", failed: "bad", in_progress: "accent", paused: "warn", pausing: "warn", expired: "warn" };

export function BatchStatus({ batch }: { batch: Pick<Batch, "status" | "pause_reason"> }) {
  const waits = batch.status === "paused" && batch.pause_reason !== null && batch.pause_reason !== "asked";
  return <Badge tone={TONES[batch.status] ?? "neutral"}>{waits ? `paused: ${batch.pause_reason}` : statusWord(batch.status)}</Badge>;
}
