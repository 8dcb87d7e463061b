import { useEffect, useMemo, useState } from "react";
import { useSession } from "@/api/session";
import { draftKey, forgetDraft, keepDraft, keptDraft, useUnsaved } from "@/api/unsaved";
import { toast } from "@/kit";
import { type Chain, type Step, lean } from "./chain";

/** The steps as they are being written, and the version that they lie over. */
type State = { base: Chain; steps: Step[]; chosen: string | null };

export type Draft = ReturnType<typeof useSteps>;

const stepsOf = (chain: Chain) => (chain.steps as Step[]).map(lean);
const begun = (chain: Chain): State => ({ base: chain, steps: stepsOf(chain), chosen: stepsOf(chain)[0]?.id ?? null });
const same = (a: readonly Step[], b: readonly Step[]) => JSON.stringify(a.map(lean)) === JSON.stringify(b);

/** The draft of a chain. It belongs to the whole page, so that a look at another tab takes nothing away, and comes back where the session ended
 * by itself while it was being written. */
export function useSteps(chain: Chain) {
  const { user, workspace } = useSession();
  const key = draftKey(user.id, workspace?.id ?? "", `chain ${chain.slug}`);
  const [kept] = useState(() => keptDraft(key) as State | null);
  const [state, setState] = useState<State>(kept ?? begun(chain));
  const { base, steps, chosen } = state;
  const saved = useMemo(() => stepsOf(base), [base]);
  const isDirty = !same(steps, saved);
  const takeNewest = () => setState({ ...begun(chain), chosen });
  // While nothing is changed, or just the same, it follows newer versions by itself; after that it never does.
  const isBehind = chain.version > base.version;
  if (isBehind && (!isDirty || same(steps, stepsOf(chain)))) takeNewest();
  useUnsaved(isDirty, chain.slug, () => keepDraft(key, state));
  useEffect(() => {
    if (kept && forgetDraft(key)) toast("The steps you wrote before your session ended are here again, not saved yet");
  }, [kept, key]);
  return {
    base,
    steps,
    chosen,
    isDirty,
    isBehind,
    takeNewest,
    choose: (id: string) => setState((now) => ({ ...now, chosen: id })),
    change: (next: Step[] | ((now: Step[]) => Step[])) => setState((now) => ({ ...now, steps: typeof next === "function" ? next(now.steps) : next })),
    /** It was saved; what was written meanwhile lies over that. */
    settle: (made: object) => setState((now) => ({ ...now, base: { ...now.base, ...made } as Chain })),
  };
}
