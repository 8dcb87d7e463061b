import { BellRing, Target, TrendingDown } from "lucide-react";
import type { Schema } from "@/api/client";

export function AlertIcon({ alert }: { alert: Pick<Schema<"AlertAnswer">, "kind"> }) {
  const Icon = alert.kind === "degradation" ? TrendingDown : alert.kind === "feedback_threshold" ? Target : BellRing;
  return <Icon size={12} aria-hidden />;
}
