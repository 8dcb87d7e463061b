import { useCallback } from "react";
import { useRead } from "@/api/hooks";
import { useSession } from "@/api/session";

const FRESH_MS = 300_000;

/** The name of whoever made a change: "user:<id>" and "api_key:<id>" in the API's words. */
export function useAuthors(): (author: string) => string {
  const { user } = useSession();
  const members = useRead("/v1/members", {}, { staleTime: FRESH_MS });
  const known = members.data?.data;
  return useCallback(
    (author: string) => {
      const [kind, id = ""] = author.split(":");
      if (kind === "api_key") return `API key …${id.slice(-6)}`;
      if (kind !== "user") return author || "Burnish";
      if (id === user.id) return "You";
      const member = known?.find((one) => one.user_id === id);
      return member ? member.name || member.email || "A member" : "A former member";
    },
    [known, user.id],
  );
}
