import { ThumbsDown, ThumbsUp } from "lucide-react";
import type { ReactNode } from "react";
import type { Schema } from "@/api/client";
import { Badge, Prose } from "@/kit";
import { decimal } from "@/lib/format";

/** What was said, without its words. */
export function What({ reaction }: { reaction: Schema<"ReactionShown"> }): ReactNode {
  if (reaction.thumb === "up") return <Badge tone="ok" icon={<ThumbsUp size={12} aria-hidden />}>good</Badge>;
  if (reaction.thumb === "down") return <Badge tone="bad" icon={<ThumbsDown size={12} aria-hidden />}>bad</Badge>;
  if (reaction.score !== null && reaction.score !== undefined) return <Badge tone={reaction.score < 0.5 ? "bad" : "ok"}>score {decimal(reaction.score, 2)}</Badge>;
  const metric = reaction.metric as { name?: string; value?: number } | null | undefined;
  if (metric?.name) return <Badge mono>{`${metric.name} = ${decimal(metric.value)}`}</Badge>;
  return <Badge>{reaction.kind.replaceAll("_", " ")}</Badge>;
}

/** The answer it should have been. */
export function Correction({ text }: { text: string }) {
  return (
    <div className="rounded-s bg-ok-soft px-2.5 py-1.5">
      <span className="text-12 font-medium text-ok">Should have been</span>
      <Prose text={text} plain />
    </div>
  );
}
