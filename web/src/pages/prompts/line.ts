/** The lines of a prompt's history: the main one, which "latest" follows, and branches. */
import type { Schema } from "@/api/client";
import { read, useRead } from "@/api/hooks";
import type { Base, Version } from "./content";

export const MAIN = "main";
export type Branch = Schema<"BranchAnswer">;
const NEVER_OLD = { staleTime: Number.POSITIVE_INFINITY };

/** A line as it stands in a sentence. */
export function nameOfLine(line: string): string {
  return line === MAIN ? "the main line" : `the branch ${line}`;
}

/** Where a branch stands; `isGone`: somebody removed it. Null while nobody knows yet, and for the main line, whose prompt says it. */
export type Tip = { version: number; whole: Version | null } | "gone" | null;

export function useTip(slug: string, line: string): Tip {
  const enabled = line !== MAIN;
  const lines = useRead("/v1/prompts/{slug}/branches", { path: { slug } }, { enabled });
  const found = lines.data?.data.find((one) => one.branch === line);
  const whole = useRead("/v1/prompts/{slug}/versions/{version}", { path: { slug, version: found?.version ?? 1 } }, { ...NEVER_OLD, enabled: enabled && found !== undefined });
  if (!enabled || !lines.data) return null;
  if (!found) return lines.isFetching ? null : "gone";
  return { version: found.version, whole: whole.data?.version === found.version ? whole.data : null };
}

/** The version where a branch stands now; null where there is no such branch any more. */
export async function readTip(slug: string, branch: string): Promise<Base | null> {
  const { data } = await read("/v1/prompts/{slug}/branches", { path: { slug } });
  const found = data.find((one) => one.branch === branch);
  return found ? read("/v1/prompts/{slug}/versions/{version}", { path: { slug, version: found.version } }) : null;
}
