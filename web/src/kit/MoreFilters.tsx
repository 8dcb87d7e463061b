import { ChevronDown, ChevronRight } from "lucide-react";
import { type FocusEvent, type ReactNode, useId, useState } from "react";
import { Button } from "./Button";

/** Filters that few need: a button for the Toolbar, and their row for below it. Open while one of them holds, so that nothing is left out unseen. */
export function useMoreFilters(holding: number, filters: ReactNode): { button: ReactNode; row: ReactNode } {
  const id = useId();
  const [chosen, setChosen] = useState<boolean | null>(null);
  // Clearing the last filter to write another closes nothing under one's hands.
  const [isHeld, setHeld] = useState(false);
  const isOpen = chosen ?? (holding > 0 || isHeld);
  const leave = ({ currentTarget, relatedTarget }: FocusEvent) => {
    if (relatedTarget && !currentTarget.contains(relatedTarget)) setHeld(false);
  };
  return {
    button: (
      <Button variant="ghost" aria-expanded={isOpen} aria-controls={isOpen ? id : undefined} icon={isOpen ? <ChevronDown size={14} aria-hidden /> : <ChevronRight size={14} aria-hidden />} onClick={() => setChosen(!isOpen)}>
        More filters
        {holding > 0 ? (
          <span className="numeric text-muted">
            {holding}
            <span className="sr-only"> in use</span>
          </span>
        ) : null}
      </Button>
    ),
    row: isOpen ? (
      <div id={id} role="group" aria-label="More filters" onFocus={() => setHeld(true)} onBlur={leave} className="-mt-2 flex flex-wrap items-center gap-2">
        {filters}
      </div>
    ) : null,
  };
}
