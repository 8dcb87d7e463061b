import type { ReactNode } from "react";
import type { Schema } from "@/api/client";
import { Badge, Notice } from "@/kit";
import { duration } from "@/lib/format";
import { type Side, maskedWords, pieces } from "./guardrail";

/** What became of a text: who stopped it and why, or what it became, with the masks marked. */
export function Tried({ tried, side, isDraft, children }: { tried: Schema<"TriedAnswer">; side: Side; /** One rule that is not saved looked at it. */ isDraft?: boolean; children?: ReactNode }) {
  const found = maskedWords(tried.masked);
  return (
    <div className="flex min-w-0 flex-col gap-3" aria-label="What became of the text" role="group">
      {tried.stopped_by !== null ? (
        <Notice tone="bad" title={isDraft ? "Stopped." : `Stopped by “${tried.stopped_by}”.`}>
          {tried.unchecked ? <>It could not look at it, and lets nothing pass then: {tried.unchecked}</> : side === "in" ? "No model is asked, and nothing is billed." : "The model was asked and is paid for; the caller is not told its answer."}
        </Notice>
      ) : (
        <>
          <Notice tone={found ? "warn" : tried.looked.length === 0 ? "neutral" : "ok"} title={found ? "Masked:" : "It passes as it is."}>
            {found || (tried.looked.length === 0 ? "No guardrail looks at it." : "")}
          </Notice>
          <Shown label={side === "in" ? "What the model is sent" : "What the caller is told"} text={tried.text ?? ""} />
        </>
      )}
      {children}
      <p className="flex flex-wrap items-center gap-1 text-12 text-muted">
        {isDraft || tried.looked.length === 0 ? null : (
          <>
            Looked at it:
            {tried.looked.map((one) => (
              <Badge key={one}>{one}</Badge>
            ))}
          </>
        )}
        <span className="numeric">{duration(tried.took_ms)}</span>
      </p>
    </div>
  );
}

/** A text with what stands in place of something marked. */
export function Shown({ label, text }: { label: string; text: string }) {
  return (
    <div>
      <div className="mb-1 text-12 text-muted">{label}</div>
      <p className="rounded-m border border-line bg-sunken px-3 py-2 text-13 whitespace-break-spaces wrap-anywhere">
        {pieces(text).map((part, at) =>
          part.isMask ? (
            <mark key={at} className="rounded-s bg-warn-soft px-0.5 font-mono text-12 text-warn">
              {part.text}
            </mark>
          ) : (
            part.text
          ),
        )}
      </p>
    </div>
  );
}
