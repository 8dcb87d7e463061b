import { Fragment } from "react";

/** A name that breaks after its dots, strokes and lines where there is little room, and within a part only if that part alone is too long:
 * a column keeps the width of its longest part. */
export function Breaking({ text, className }: { text: string; className?: string }) {
  return (
    <span className={className}>
      {text.split(/(?<=[./_@-])(?=[^./_@-])/).map((part, index) => (
        <Fragment key={index}>
          {index > 0 ? <wbr /> : null}
          {part}
        </Fragment>
      ))}
    </span>
  );
}
