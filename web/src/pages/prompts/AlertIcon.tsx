import { BellRing, Target, TrendingDown, TrendingUp } from "lucide-react";
import type { Schema } from "@/api/client";

/** Where less is worse. */
const DOWN: ReadonlySet<string> = new Set(["satisfaction", "quality"]);

export function AlertIcon({ alert }: { alert: Pick<Schema<"AlertAnswer">, "kind" | "metric"> }) {
  const Icon = alert.kind === "degradation" ? (DOWN.has(alert.metric) ? TrendingDown : TrendingUp) : alert.kind === "feedback_threshold" ? Target : BellRing;
  return <Icon size={12} aria-hidden />;
}
