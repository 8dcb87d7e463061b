import { History } from "lucide-react";
import { needs, useMay } from "@/api/session";
import { ButtonLink } from "@/kit";

/** Who changed this when, with what it said before and after: entries of the audit log about it. `object` as they name it. */
export function ChangesOf({ kind, object, size = "s" }: { kind: "alert_rule" | "guardrail" | "webhook_endpoint" | "routing"; object: string; size?: "s" | "m" }) {
  const may = useMay();
  return (
    <ButtonLink to="/team" search={{ tab: "audit", kind, object }} size={size} icon={<History size={14} aria-hidden />} off={!may.admin && needs("admin")}>
      Its changes
    </ButtonLink>
  );
}
