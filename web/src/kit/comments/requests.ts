/** What is asked of comments, wherever they stand. */
import type { Schema } from "@/api/client";
import type { ApiError } from "@/api/errors";
import { useChange, usePages } from "@/api/hooks";

const ALL = { prompt: "/v1/prompts/{slug}/comments", execution: "/v1/executions/{execution_id}/comments", session: "/v1/sessions/{session_id}/comments", chain_run: "/v1/chain-runs/{chain_run_id}/comments" } as const;
const ONE = { prompt: "/v1/prompts/{slug}/comments/{comment_id}", execution: "/v1/executions/{execution_id}/comments/{comment_id}", session: "/v1/sessions/{session_id}/comments/{comment_id}", chain_run: "/v1/chain-runs/{chain_run_id}/comments/{comment_id}" } as const;
const ID = { prompt: "slug", execution: "execution_id", session: "session_id", chain_run: "chain_run_id" } as const;
/** Lists that say of how many comments there are. */
const BESIDE = { prompt: "/v1/prompt-comments", execution: "/v1/executions", session: null, chain_run: null } as const;

type Kind = keyof typeof ALL;
/** Whose comments: of one version of a prompt, of a run, a session or a run of a chain. */
export type Place = { of: "prompt"; id: string; version: number } | { of: Exclude<Kind, "prompt">; id: string };
/** What a comment on a version is about. `against` null: the version itself; `part` null: all of it. */
export type About = { version: number; against: number | null; part: string | null };
/** One of either kind; of a version it says which, and what of it. */
export type Comment = Omit<Schema<"RunCommentAnswer">, "execution_id" | "session_id" | "chain_run_id"> & Partial<Pick<Schema<"CommentAnswer">, "version" | "against" | "part">>;
export type Said = { body: string; mentions: string[] };
// One shape for the types; each kind has the same four routes.
type Any = (typeof ALL)["prompt"];
type AnyOne = (typeof ONE)["prompt"];

const again = (of: Kind) => ({ invalidates: BESIDE[of] === null ? [ALL[of]] : [ALL[of], BESIDE[of]] });
const pathTo = ({ of, id }: Place, comment?: string) => ({ [ID[of]]: id, ...(comment === undefined ? {} : { comment_id: comment }) }) as never;

export function useComments(place: Place) {
  const { of } = place;
  const pages = usePages(ALL[of] as Any, { path: pathTo(place), query: { limit: 200, ...(place.of === "prompt" ? { version: place.version } : {}) } });
  return { ...pages, rows: pages.rows as readonly Comment[] };
}

/** `about`: of a version. `replyTo`: the comment that it answers. */
export function useAddComment(place: Place) {
  const { of } = place;
  const add = useChange("post", ALL[of] as Any, again(of));
  const send = (said: Said, { about, replyTo = null }: { about?: About; replyTo?: string | null }, onSuccess: () => void) => {
    const where = about ? { version: about.version, against: about.against, part: about.part } : {};
    add.mutate({ path: pathTo(place), body: { ...where, body: said.body, mentions: said.mentions, reply_to: replyTo } as never }, { onSuccess });
  };
  return { isPending: add.isPending, error: add.error, send };
}

/** `send`: another text; `settle`: whether what it asks for is done. */
export function useChangeComment(place: Place, id: string) {
  const { of } = place;
  const change = useChange("patch", ONE[of] as AnyOne, again(of));
  const path = pathTo(place, id);
  return {
    isPending: change.isPending,
    error: change.error,
    send: (said: Said, onSuccess: () => void) => change.mutate({ path, body: { body: said.body, mentions: said.mentions } }, { onSuccess }),
    settle: (resolved: boolean, onError: (error: ApiError) => void) => change.mutate({ path, body: { resolved } }, { onError }),
  };
}

export function useDeleteComment(place: Place, id: string) {
  const { of } = place;
  const remove = useChange("delete", ONE[of] as AnyOne, again(of));
  return { isPending: remove.isPending, send: (on: { onSuccess: () => void; onError: (error: ApiError) => void }) => remove.mutate({ path: pathTo(place, id) }, on) };
}
