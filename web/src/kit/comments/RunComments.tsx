import { AddComment } from "./WriteComment";
import { CommentList } from "./CommentList";
import type { Place } from "./requests";

const NOUN = { execution: "run", session: "session", chain_run: "run" } as const;

/** What people said of a run, a session or a run of a chain. `wanted`: the comment that a link leads to. */
export function RunComments({ of, id, wanted }: { of: keyof typeof NOUN; id: string; wanted?: string }) {
  const place: Place = { of, id };
  return (
    <CommentList place={place} wanted={wanted}>
      <AddComment place={place} label={`Comment on this ${NOUN[of]}`} />
    </CommentList>
  );
}
