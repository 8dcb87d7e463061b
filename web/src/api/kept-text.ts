import { useState } from "react";
import { useSession } from "./session";
import { draftKey, forgetDraft, keepDraft, keptDraft } from "./unsaved";

/** A text that is being written: it is there again after another tab, another page and a reload of this browser's tab, for nobody but whoever
 * wrote it. `of`: what it is about; null keeps nothing. `forget`: it is on its way, and would be sent twice if it were here again. */
export function useKeptText(of: string | null, begin = ""): { text: string; set: (text: string) => void; forget: () => void } {
  const { user, workspace } = useSession();
  const key = of === null ? null : draftKey(user.id, workspace?.id ?? "", of);
  const [now, setNow] = useState(() => ({ key, text: kept(key) ?? begin }));
  const text = now.key === key ? now.text : (kept(key) ?? begin);
  if (now.key !== key) setNow({ key, text });
  const forget = () => void (key && forgetDraft(key));
  const set = (next: string) => {
    setNow({ key, text: next });
    // Empty is as it began, except for what began with a sample: that somebody cleared.
    if (next.trim() === "" && begin.trim() === "") forget();
    else if (key) keepDraft(key, next);
  };
  return { text, set, forget };
}

function kept(key: string | null): string | null {
  const found = key && keptDraft(key);
  return typeof found === "string" ? found : null;
}
