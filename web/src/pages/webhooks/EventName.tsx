import { Fragment } from "react";

/** The name of a type of event; where there is little room it breaks after its dots and lines. */
export function EventName({ type }: { type: string }) {
  return (
    <span className="font-mono text-13 font-medium">
      {type.split(/(?<=[._])/).map((part, index) => (
        <Fragment key={index}>
          {index > 0 ? <wbr /> : null}
          {part}
        </Fragment>
      ))}
    </span>
  );
}
