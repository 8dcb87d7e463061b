import { ChevronDown, ChevronRight, SlidersHorizontal } from "lucide-react";
import { type FocusEvent, type ReactNode, useId, useState } from "react";
import { classes } from "@/lib/classes";
import { Button } from "./Button";
import { Toolbar } from "./Page";

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
        <InUse holding={holding} />
      </Button>
    ),
    row: isOpen ? (
      <div id={id} role="group" aria-label="More filters" onFocus={() => setHeld(true)} onBlur={leave} className="-mt-2 flex flex-wrap items-center gap-2">
        {filters}
      </div>
    ) : null,
  };
}

function InUse({ holding }: { holding: number }) {
  if (holding === 0) return null;
  return (
    <span className="numeric text-muted">
      {holding}
      <span className="sr-only"> in use</span>
    </span>
  );
}

type BarProps = { /** How many of the filters hold. */ holding: number; filters: ReactNode; /** Of `useMoreFilters`. */ more?: { button: ReactNode; row: ReactNode }; /** Stands before the filters, on a phone too. */ search?: ReactNode; children?: ReactNode };

/** A Toolbar of many filters. On a phone one button stands for them, and says how many hold; the rest of the bar stays. */
export function FilterBar({ holding, filters, more, search, children }: BarProps) {
  const id = useId();
  const [isOpen, setOpen] = useState(false);
  const folded = classes("contents", !isOpen && "max-sm:hidden");
  return (
    <>
      <Toolbar>
        {search}
        <Button
          aria-expanded={isOpen}
          aria-controls={more?.row ? `${id} ${id}-more` : id}
          icon={<SlidersHorizontal size={14} aria-hidden />}
          onClick={() => setOpen(!isOpen)}
          className={classes("sm:hidden", holding > 0 && "border-accent! bg-accent-soft!")}
        >
          Filters
          <InUse holding={holding} />
        </Button>
        <div id={id} className={folded}>
          {filters}
          {more?.button}
        </div>
        {children}
      </Toolbar>
      {more?.row ? (
        <div id={`${id}-more`} className={folded}>
          {more.row}
        </div>
      ) : null}
    </>
  );
}
