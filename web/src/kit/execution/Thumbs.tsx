import { useQueryClient } from "@tanstack/react-query";
import { ThumbsDown, ThumbsUp } from "lucide-react";
import { useState } from "react";
import { invalidate, useChange } from "@/api/hooks";
import { needs, useMay, useSession } from "@/api/session";
import { IconButton } from "@/kit/Button";
import { toastError } from "@/kit/Toast";

type Thumb = "up" | "down";

/** Reactions reach the books within a second; then they are read again. */
export const BOOKED_MS = 1_200;

/** Says of an answer that it is good or bad. A person's later thumb replaces the one before, and nobody else's. */
export function Thumbs({ executionId, given = null, onFirst }: { executionId: string; given?: Thumb | null; /** The first one has arrived. */ onFirst?: () => void }) {
  const may = useMay();
  const { user } = useSession();
  const [pressed, setPressed] = useState<{ of: string; thumb: Thumb } | null>(null);
  const queries = useQueryClient();
  const react = useChange("post", "/v1/feedback");
  const current = pressed?.of === executionId ? pressed.thumb : given;
  const say = (thumb: Thumb) => {
    const before = current;
    setPressed({ of: executionId, thumb });
    react.mutate(
      { body: { execution_id: executionId, thumb, user_id: user.email } },
      {
        onSuccess: () => {
          if (before === null) onFirst?.();
          setTimeout(() => void invalidate(queries, ["/v1/executions", "/v1/sessions"]), BOOKED_MS);
        },
        onError: (error) => {
          setPressed(before ? { of: executionId, thumb: before } : null);
          toastError(error);
        },
      },
    );
  };
  return (
    <span role="group" aria-label="What do you think of this answer?" className="inline-flex items-center">
      {(["up", "down"] as const).map((thumb) => (
        <IconButton
          key={thumb}
          size="s"
          label={thumb === "up" ? "Good answer" : "Bad answer"}
          aria-pressed={current === thumb}
          disabled={!may.edit}
          why={needs("editor")}
          onClick={() => say(thumb)}
          className={current === thumb ? (thumb === "up" ? "bg-ok-soft! text-ok!" : "bg-bad-soft! text-bad!") : undefined}
          icon={thumb === "up" ? <ThumbsUp size={14} aria-hidden /> : <ThumbsDown size={14} aria-hidden />}
        />
      ))}
    </span>
  );
}
