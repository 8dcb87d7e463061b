import { ChevronDown, ChevronRight } from "lucide-react";
import { useId, useState } from "react";
import type { Schema } from "@/api/client";
import { useAuthors } from "@/api/authors";
import { Badge, Button, Prose, RelativeTime } from "@/kit";
import { amid } from "@/lib/format";
import { Correction, What } from "./What";
import { earlierOf, senderOf } from "./said";

type Said = Schema<"ReactionShown"> & { replaced?: readonly Schema<"ReactionShown">[] };

/** What a reaction took the place of, the newest first, behind a button; nothing where it took nobody's. */
export function Earlier({ of }: { of: Said }) {
  const nameOf = useAuthors();
  const id = useId();
  const [isOpen, setOpen] = useState(false);
  const earlier = earlierOf(of.replaced ?? []);
  if (earlier.length === 0) return null;
  return (
    <div className="flex flex-col items-start gap-1.5">
      <Button
        size="s"
        variant="ghost"
        className="-ml-2"
        aria-expanded={isOpen}
        aria-controls={isOpen ? id : undefined}
        icon={isOpen ? <ChevronDown size={12} aria-hidden /> : <ChevronRight size={12} aria-hidden />}
        onClick={() => setOpen(!isOpen)}
      >
        {earlier.length === 1 ? "Said before" : `Said before, ${earlier.length} times`}
      </Button>
      {isOpen ? (
        <ol id={id} aria-label={`Said before by ${of.user_id ?? "no name"}`} className="flex w-full flex-col gap-2 border-l border-line-strong pl-3">
          {earlier.map((one) => (
            <li key={`${one.feedback_id} ${one.accepted_at}`} className="flex flex-col gap-1.5">
              <span className="flex flex-wrap items-center gap-2 text-12 text-muted">
                <What reaction={one} />
                {one.sent_by && one.sent_by !== of.sent_by ? <span className="wrap-anywhere">by way of {amid(nameOf(senderOf(one.sent_by)))}</span> : null}
                {one.taken_back_at ? (
                  <Badge tone="warn">
                    taken back {one.taken_back_by ? `by ${amid(nameOf(senderOf(one.taken_back_by)))} ` : ""}
                    <RelativeTime at={one.taken_back_at} />
                  </Badge>
                ) : null}
                <RelativeTime at={one.accepted_at} className="ml-auto" />
              </span>
              {one.comment ? <Prose text={one.comment} plain /> : null}
              {one.correction ? <Correction text={one.correction} /> : null}
            </li>
          ))}
        </ol>
      ) : null}
    </div>
  );
}
