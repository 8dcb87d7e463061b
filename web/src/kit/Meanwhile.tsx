import { Button } from "./Button";
import { Notice } from "./States";

/** Somebody saved while one was typing. What was typed is still there. */
export function Meanwhile({ show, onTake }: { show: boolean; /** Throws away what was typed. */ onTake: () => void }) {
  if (!show) return null;
  return (
    <div role="status">
      <Notice tone="warn" title="Changed by somebody meanwhile." action={<Button size="s" onClick={onTake}>Take theirs</Button>}>
        What you typed is still here; saving puts it in place of theirs.
      </Notice>
    </div>
  );
}
