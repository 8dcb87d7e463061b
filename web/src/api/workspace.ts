/** The settings of a workspace and what its plan allows: read by its own page, and wherever one of them decides what may be asked for. */
import type { Schema } from "./client";
import { type ReadOptions, useRead } from "./hooks";

export type WorkspaceFacts = Schema<"WorkspaceAnswer">;

export function useWorkspace(id: string, options: ReadOptions = {}) {
  return useRead("/v1/workspaces/{workspace_id}", { path: { workspace_id: id } }, options);
}
