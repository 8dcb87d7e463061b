import { useParams } from "@tanstack/react-router";
import type { ComponentType } from "react";

/** One page. Each folder of src/pages has a routes.ts that exports a list of these; the router finds it by itself. */
export type PageRoute = {
  /** Below /app, with `$name` for what changes: "/prompts/$slug". A fixed path goes before one that changes. */
  path: string;
  load: () => Promise<{ default: ComponentType }>;
  /** Without the shell around it, and for people who are not signed in. */
  bare?: boolean;
};

/** A part of the path: `usePathParam("slug")` on "/prompts/$slug". */
export function usePathParam(name: string): string {
  const params: Record<string, string | undefined> = useParams({ strict: false });
  const found = params[name];
  if (found === undefined) throw new Error(`This page's path has no $${name}`);
  return found;
}
