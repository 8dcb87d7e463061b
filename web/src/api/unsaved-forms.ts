/** What stood in a form when the session ended by itself, in memory alone; or when the browser let go of the page, in this tab. For nobody but
 * whoever wrote it. */
import { useSyncExternalStore } from "react";
import { newIdempotencyKey, standing } from "./client";
import { draftKey, draftsOf, forgetDraft, keepDraft } from "./unsaved";

/** `text`: as it was read; empty where nothing stood there. `value`: what the control takes, null for a choice that was not made. `key`: its place. */
export type LeftField = { key: string; label: string; text: string; value: string | null };
export type LeftForm = { id: string; userId: string; workspaceId: string | null; title: string; fields: readonly LeftField[]; /** The others were put back. */ isRest?: boolean; /** Where it is kept in this tab: the page was loaded anew. */ keptAt?: string; /** The role of whoever wrote it changed, and took the form away. */ isOfRole?: boolean };

let left: readonly LeftForm[] = [];
const watchers = new Set<() => void>();

function set(next: readonly LeftForm[]) {
  left = next;
  for (const changed of watchers) changed();
}

/** Keeps it for whoever is signed in. Told twice of one form, it keeps what it was told last. */
export function leaveForm(form: Omit<LeftForm, "userId" | "workspaceId">): void {
  leaveFormIn(form, standing.workspaceId);
}

/** The same of a workspace that may not be the one on screen any more. */
export function leaveFormIn(form: Omit<LeftForm, "userId" | "workspaceId">, workspaceId: string | null): void {
  if (standing.userId === null) return;
  set([...left.filter((one) => one.id !== form.id), { ...form, userId: standing.userId, workspaceId }]);
}

/** Called where somebody's role in the workspace on screen is another one now, or none, before the page knows: it may take forms away. */
export const roleChanges = new Set<() => void>();

export function forgetForm(id: string): void {
  const at = left.find((one) => one.id === id)?.keptAt;
  if (at) forgetDraft(at);
  set(left.filter((one) => one.id !== id));
}

/** Forms of everybody, or of everybody else. */
export function forgetForms(butOf?: string): void {
  const own = left.filter((one) => one.userId === butOf);
  if (own.length < left.length) set(own);
}

type Kept = { at: number; workspaceId: string | null; title: string; fields: LeftField[] };
const PLACE = "form.";

/** Where a form keeps what stands in it while it is open, and forgets it. A browser that ends a page asks nobody. */
export function placeForForm(): { keep: (title: string, fields: readonly LeftField[]) => void; forget: () => void } {
  const { userId, workspaceId } = standing;
  const key = draftKey(userId ?? "", workspaceId ?? "", PLACE + newIdempotencyKey());
  return {
    keep: (title, fields) => {
      const own = fields.filter(({ text }) => !isSecret(text));
      if (userId === null || own.every(({ text }) => text.trim() === "")) forgetDraft(key);
      else keepDraft(key, { at: Date.now(), workspaceId, title, fields: own } satisfies Kept);
    },
    forget: () => void forgetDraft(key),
  };
}

/** Addresses that let in whoever has them, and keys that were pasted into the wrong field: they are not written down. */
function isSecret(text: string): boolean {
  return /\w+:\/\/[^\s/]*@|https?:\/\/\S+(\?|\/[^\s/?]*(?=[^\s/?]*\d)(?=[^\s/?]*[a-z])[\w-]{16,})|\b(sk-|bk_live_|whsec_|gh[a-z]_|xox[a-z]-|AKIA|AIza|eyJ)[\w-]{12,}|-----BEGIN [A-Z ]*PRIVATE KEY/i.test(text);
}

/** Called once for each document: what forms of this person kept in this tab before. Of one title the newest. */
export function bringForms(userId: string): void {
  const found = draftsOf(userId)
    .flatMap(([keptAt, kept]) => (keptAt.includes(`.${PLACE}`) && isKept(kept) ? [{ ...kept, keptAt }] : []))
    .sort((one, other) => one.at - other.at);
  const newest = new Map(found.map((one) => [JSON.stringify([one.workspaceId, one.title]), one]));
  for (const one of found) if (![...newest.values()].includes(one)) forgetDraft(one.keptAt);
  set([...left, ...[...newest.values()].map(({ keptAt, workspaceId, title, fields }) => ({ id: keptAt, userId, workspaceId, title, fields, keptAt }))]);
}

function isKept(one: unknown): one is Kept {
  const { title, fields, at } = (one ?? {}) as Partial<Kept>;
  return typeof title === "string" && typeof at === "number" && Array.isArray(fields);
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
