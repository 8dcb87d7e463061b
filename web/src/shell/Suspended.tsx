import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Ban } from "lucide-react";
import { useEffect } from "react";
import { asApiError } from "@/api/errors";
import { useOwnWorkspace, useSession } from "@/api/session";
import { RelativeTime } from "@/kit/Numbers";

/** Says on every page that the operator has suspended the workspace, and whom to ask; asks again as soon as something was refused because of it. */
export function Suspended() {
  const { user } = useSession();
  const { data, refetch } = useOwnWorkspace();
  const queries = useQueryClient();
  useEffect(
    () =>
      queries.getMutationCache().subscribe((event) => {
        if (event.type === "updated" && event.action.type === "error" && asApiError(event.action.error).code === "suspended") void refetch();
      }),
    [queries, refetch],
  );
  if (!data?.suspended_at) return null;
  return (
    <div role="status" className="flex flex-wrap items-center gap-x-2 gap-y-1 border-b border-line bg-bad-soft px-4 py-2 text-13 md:px-8">
      <Ban size={14} aria-hidden className="shrink-0 text-bad" />
      <span className="min-w-0 wrap-break-word">
        {data.name} was suspended <RelativeTime at={data.suspended_at} />. It begins nothing new, and calls are refused; what is there can still be read.
      </span>
      {user.is_operator ? (
        <Link to="/settings" search={{ tab: "organization" } as never} className="font-medium text-accent underline underline-offset-2">
          Let it go on
        </Link>
      ) : (
        <span>Ask the operator of this installation.</span>
      )}
    </div>
  );
}
