import { Link, useLocation } from "@tanstack/react-router";
import { Inbox } from "lucide-react";
import { useEffect, useState } from "react";
import { UNREAD, countWord } from "@/api/inbox";
import { useRead } from "@/api/hooks";
import { classes } from "@/lib/classes";

const AFTER_MS = 1_200;
const LOOK_AGAIN_MS = 120_000;

/** How much is unread. Asked for after the page itself; the live stream says when it is old. `enabled`: of a workspace. */
export function useUnread(enabled = true): number {
  const [isTime, setTime] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setTime(true), AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  return useRead("/v1/inbox", UNREAD, { enabled: enabled && isTime, refetchInterval: LOOK_AGAIN_MS }).data?.unread ?? 0;
}

/** The way to the inbox, with how much is unread. */
export function InboxLink() {
  const here = useLocation({ select: (location) => location.pathname === "/inbox" });
  const unread = useUnread();
  return (
    <Link to="/inbox" preload="intent" aria-current={here ? "page" : undefined} className={classes("flex h-7.5 items-center gap-2.5 finger:h-10 rounded-m px-2 text-14", here ? "bg-accent-soft font-medium text-accent" : "text-muted hover:bg-line/60 hover:text-fg")}>
      <Inbox size={15} strokeWidth={1.75} aria-hidden className="shrink-0" />
      Inbox
      {unread > 0 ? (
        <span className="numeric ml-auto rounded-full bg-accent px-1.5 text-12 font-medium text-accent-fg">
          {countWord(unread)}
          <span className="sr-only"> unread</span>
        </span>
      ) : null}
    </Link>
  );
}
