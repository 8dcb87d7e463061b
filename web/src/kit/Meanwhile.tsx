import { Button } from "./Button";
import { Notice } from "./States";

/** Somebody saved while one was typing. What was typed is still there. `isBeside`: what they changed stands in the form already. */
export function Meanwhile({ show, isBeside = false, what = "Changed by somebody meanwhile.", onTake }: { show: boolean; isBeside?: boolean; /** A sentence: what happened. */ what?: string; /** Throws away what was typed. */ onTake: () => void }) {
  if (!show) return null;
  return (
    <div role="status">
      <Notice tone="warn" title={what} action={<Button size="s" onClick={onTake}>Take theirs</Button>}>
        {isBeside ? "What they changed stands in the form now, beside what you typed. Look, then save." : "What you typed is still here; saving puts it in place of theirs."}
      </Notice>
    </div>
  );
}
