import { Children, type ReactNode, useId, useLayoutEffect, useRef } from "react";
import { LINES, goOverLines, oneRowAtATime } from "./one-row";
import { ByArrows } from "./Table";

/** Of so many each is a stop of its own. */
const FEW_LINES = 4;

/** Lines of which some are chosen, each a `<li>` with a checkbox or a button. Of more than a few one is a stop of Tab; from it the arrow keys, Home and End go to the others. */
export function Lines({ label, ordered, className, children }: { label: string; ordered?: boolean; className?: string; children: ReactNode }) {
  const frame = useRef<HTMLDivElement>(null);
  const help = useId();
  const areMany = Children.toArray(children).length > FEW_LINES;
  const List = ordered ? "ol" : "ul";
  useLayoutEffect(() => {
    const list = frame.current?.firstElementChild;
    if (!areMany || !list) return undefined;
    const go = (event: Event) => goOverLines(event as KeyboardEvent, list);
    const end = oneRowAtATime(list, LINES);
    list.addEventListener("keydown", go);
    return () => {
      list.removeEventListener("keydown", go);
      end();
    };
  }, [areMany]);
  return (
    <>
      <div ref={frame} className="peer min-w-0">
        <List aria-label={label} aria-describedby={areMany ? help : undefined} className={className}>
          {children}
        </List>
      </div>
      {areMany ? <ByArrows id={help}>The arrow keys go from line to line.</ByArrows> : null}
    </>
  );
}
