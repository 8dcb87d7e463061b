import { useEffect, useMemo, useState } from "react";
import { useSession } from "@/api/session";
import { draftKey, forgetDraft, keepDraft, keptDraft, useUnsaved } from "@/api/unsaved";
import { toast } from "@/kit";
import type { Chain, Step } from "./chain";
import { type Form, type Whole, formOf, isSameForm, isSameSteps, stepsOf } from "./form";

/** The form as it is being written, and the version that it lies over. `unread`: values that cannot be read yet, by their field. */
type State = { base: Chain; steps: Step[]; form: Form; unread: Record<string, string>; chosen: string | null };

export type Draft = ReturnType<typeof useSteps>;

const begun = (chain: Chain, whole: Whole = chain): State => ({ base: chain, steps: stepsOf(whole), form: formOf(whole), unread: {}, chosen: stepsOf(whole)[0]?.id ?? null });
// One that was kept by a page of before has its steps alone.
const whole = (kept: State): State => ({ ...kept, form: kept.form ?? formOf(kept.base), unread: kept.unread ?? {} });

/** The draft of a chain. It belongs to the whole page, so that a look at another tab takes nothing away, and comes back where the session ended
 * by itself while it was being written. */
export function useSteps(chain: Chain) {
  const { user, workspace } = useSession();
  const key = draftKey(user.id, workspace?.id ?? "", `chain ${chain.slug}`);
  const [kept] = useState(() => keptDraft(key) as State | null);
  const [state, setState] = useState<State>(() => (kept ? whole(kept) : begun(chain)));
  const { base, steps, form, unread, chosen } = state;
  const isOf = (of: Chain) => isSameSteps(steps, stepsOf(of)) && isSameForm(form, formOf(of));
  // oxlint-disable-next-line react-hooks/exhaustive-deps -- what it compares with is the base
  const isChanged = useMemo(() => !isOf(base), [base, steps, form]);
  const isDirty = isChanged || Object.keys(unread).length > 0;
  const takeNewest = () => setState({ ...begun(chain), chosen });
  // While nothing is changed, or just the same, it follows newer versions by itself; after that it never does.
  const isBehind = chain.version > base.version;
  if (isBehind && (!isDirty || (Object.keys(unread).length === 0 && isOf(chain)))) takeNewest();
  useUnsaved(isDirty, chain.slug, () => keepDraft(key, state), () => void forgetDraft(key));
  useEffect(() => {
    if (kept && forgetDraft(key)) toast("What you wrote is here again, not saved yet");
  }, [kept, key]);
  return {
    base,
    steps,
    form,
    unread,
    chosen,
    isDirty,
    isBehind,
    takeNewest,
    choose: (id: string) => setState((now) => ({ ...now, chosen: id })),
    change: (next: Step[] | ((now: Step[]) => Step[])) => setState((now) => ({ ...now, steps: typeof next === "function" ? next(now.steps) : next })),
    changeForm: (changes: Partial<Form>) => setState((now) => ({ ...now, form: { ...now.form, ...changes } })),
    /** Null: it can be read, or is gone. */
    setUnread: (field: string, text: string | null) =>
      setState((now) => {
        const { [field]: _, ...others } = now.unread;
        return { ...now, unread: text === null ? others : { ...others, [field]: text } };
      }),
    /** What another version says, over the newest. */
    start: (other: Whole) => setState(begun(chain, other)),
    /** It was saved; what was written meanwhile lies over that. */
    settle: (made: object) => setState((now) => ({ ...now, base: { ...now.base, parameters: null, output: null, deadline_s: null, ...made } as Chain })),
  };
}
