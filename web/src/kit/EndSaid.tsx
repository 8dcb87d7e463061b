import { useState } from "react";

/** Says to who listens how something ended that went on while they were here. How it stood when they came is read with the page. `end`: null, it goes on. */
export function EndSaid({ end }: { end: string | null }) {
  const [first] = useState(end);
  return (
    <p role="status" className="sr-only">
      {end === first ? "" : end}
    </p>
  );
}
