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

/** For links that are current on their own page alone. The router says so of each link whose path begins the address, as one back to a list does. */
export const ALONE = { exact: true } as const;

/** A part of the path: `usePathParam("slug")` on "/prompts/$slug". */
export function usePathParam(name: string): string {
  const params: Record<string, string | undefined> = useParams({ strict: false });
  const found = params[name];
  if (found === undefined) throw new Error(`This page's path has no $${name}`);
  return found;
}
