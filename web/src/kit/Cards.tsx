import { type ReactNode, useId, useLayoutEffect, useRef } from "react";
import { CARDS, goOverCards, oneRowAtATime } from "./one-row";
import { ByArrows } from "./Table";

/** Cards side by side, each a `<li>` with a link. One of them is a stop of Tab; from it the arrow keys go to the others. */
export function Cards({ label, isStale, children }: { label: string; isStale?: boolean; children: readonly ReactNode[] }) {
  const list = useRef<HTMLUListElement>(null);
  const help = useId();
  const areMany = children.length > 1;
  useLayoutEffect(() => {
    const cards = list.current;
    if (!areMany || !cards) return undefined;
    const go = (event: KeyboardEvent) => goOverCards(event, cards);
    const end = oneRowAtATime(cards, CARDS);
    cards.addEventListener("keydown", go);
    return () => {
      cards.removeEventListener("keydown", go);
      end();
    };
  }, [areMany]);
  return (
    <>
      <div className="peer">
        <ul ref={list} aria-label={label} aria-describedby={areMany ? help : undefined} aria-busy={isStale || undefined} className="grid gap-4 md:grid-cols-2 lg:grid-cols-3">
          {children}
        </ul>
      </div>
      {areMany ? <ByArrows id={help}>The arrow keys go from card to card.</ByArrows> : null}
    </>
  );
}
