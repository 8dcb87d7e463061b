import { useEffect, useState } from "react";
import { useSession } from "@/api/session";
import { draftKey, forgetDraft, keepDraft, keptDraft, useUnsaved } from "@/api/unsaved";
import { toast } from "@/kit";
import type { Suggestion } from "./model";

/** `text`: the suggestion's, edited; null: nobody did. It stays also while it is put aside (`isWriting` false). `left`: places of the edits that
 * are not taken. `reason`: why it is rejected. */
export type Written = { text: string | null; isWriting: boolean; left: readonly number[]; reason: string };

export const NOTHING: Written = { text: null, isWriting: false, left: [], reason: "" };

export type Writing = { written: Written; write: (changed: Partial<Written>) => void };

export function isWritten(of: Written): boolean {
  return of.text !== null || of.left.length > 0 || of.reason.trim() !== "";
}

/** What somebody writes about a suggestion, and which of its edits they leave, before it is decided. Closing its dialog keeps it; going elsewhere asks; where the session ends by
 * itself while no dialog is open it is here again after signing in (`isOpen`: the dialog's form keeps it). */
export function useWritten(suggestion: Suggestion, isOpen: boolean): Writing {
  const { user, workspace } = useSession();
  const key = draftKey(user.id, workspace?.id ?? "", `suggestion ${suggestion.id}`);
  const [kept] = useState(() => keptDraft(key) as Partial<Written> | null);
  const [written, setWritten] = useState<Written>({ ...NOTHING, ...kept });
  useUnsaved(isWritten(written), `the suggestion for ${suggestion.prompt}`, () => (isOpen ? undefined : keepDraft(key, written)));
  useEffect(() => {
    if (kept && forgetDraft(key)) toast("What you wrote before your session ended is here again, not saved yet");
  }, [kept, key]);
  return { written, write: (changed) => setWritten((before) => ({ ...before, ...changed })) };
}
