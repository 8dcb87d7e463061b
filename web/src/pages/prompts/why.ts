import { type May, needs } from "@/api/session";

/** Why somebody may not change prompts here. */
export function whyNot(may: May): string {
  return may.held ?? (may.edit ? "In this workspace only admins change prompts." : needs("editor"));
}
