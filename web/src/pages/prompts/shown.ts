import { useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import type { Schema } from "@/api/client";
import { keyOf } from "@/api/hooks";

type Prompt = Schema<"PromptAnswer">;

/** Shows `fields` of what was saved before the prompt is read again: until then its page would show, and one would write over, what was there before. */
export function useShown(slug: string): (kept: object, fields: readonly string[]) => void {
  const queries = useQueryClient();
  return useCallback(
    (kept, fields) =>
      void queries.setQueryData<Prompt>(keyOf("/v1/prompts/{slug}", { path: { slug }, query: { label: "latest" } }), (before) => (before ? { ...before, ...Object.fromEntries(fields.map((field) => [field, (kept as Record<string, unknown>)[field]])) } : before)),
    [queries, slug],
  );
}
