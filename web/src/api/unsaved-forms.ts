/** What stood in a form when the session ended by itself: in memory alone, and for nobody but whoever wrote it. */
import { useSyncExternalStore } from "react";
import { standing } from "./client";

/** `text`: as it was read; empty where nothing stood there. `value`: what the control takes, null for a choice that was not made. `key`: its place. */
export type LeftField = { key: string; label: string; text: string; value: string | null };
export type LeftForm = { id: string; userId: string; workspaceId: string | null; title: string; fields: readonly LeftField[]; /** The others were put back. */ isRest?: boolean };

let left: readonly LeftForm[] = [];
const watchers = new Set<() => void>();

function set(next: readonly LeftForm[]) {
  left = next;
  for (const changed of watchers) changed();
}

/** Keeps it for whoever is signed in. Told twice of one form, it keeps what it was told last. */
export function leaveForm(form: Omit<LeftForm, "userId" | "workspaceId">): void {
  if (standing.userId === null) return;
  set([...left.filter((one) => one.id !== form.id), { ...form, userId: standing.userId, workspaceId: standing.workspaceId }]);
}

export function forgetForm(id: string): void {
  set(left.filter((one) => one.id !== id));
}

/** Forms of everybody, or of everybody else. */
export function forgetForms(butOf?: string): void {
  const own = left.filter((one) => one.userId === butOf);
  if (own.length < left.length) set(own);
}

function useForms(): readonly LeftForm[] {
  return useSyncExternalStore(
    (changed) => {
      watchers.add(changed);
      return () => void watchers.delete(changed);
    },
    () => left,
  );
}

/** What this person left, oldest first. */
export function useLeftForms(userId: string): readonly LeftForm[] {
  return useForms().filter((one) => one.userId === userId);
}

/** What whoever is signed in left in the workspace on screen, oldest first: a form of the same name in another one is another form. */
export function useOwnForms(): readonly LeftForm[] {
  return useForms().filter((one) => one.userId === standing.userId && one.workspaceId === standing.workspaceId);
}
