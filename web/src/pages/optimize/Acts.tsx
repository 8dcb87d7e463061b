import { Check, X } from "lucide-react";
import { useState } from "react";
import { needs, useMay } from "@/api/session";
import { Button, ButtonLink, toast } from "@/kit";
import { Decide } from "./Decide";
import type { Suggestion } from "./model";
import { NOTHING, isWritten, useWritten } from "./written";

/** What can be done with an open suggestion. */
export function Acts({ suggestion }: { suggestion: Suggestion }) {
  const [deciding, setDeciding] = useState<"accept" | "reject" | null>(null);
  const may = useMay();
  const writing = useWritten(suggestion, deciding !== null);
  const done = () => {
    setDeciding(null);
    writing.write(NOTHING);
  };
  const close = () => {
    setDeciding(null);
    if (isWritten(writing.written)) toast("What you changed is kept while you stay on this page");
  };
  return (
    <>
      <ButtonLink to="/experiments" search={{ suggestion: suggestion.id }}>
        Send to experiment
      </ButtonLink>
      <Button icon={<X size={14} aria-hidden />} onClick={() => setDeciding("reject")} disabled={!may.editPrompts} why={needs(may.edit ? "admin" : "editor")}>
        Reject
      </Button>
      <Button variant="primary" icon={<Check size={14} aria-hidden />} onClick={() => setDeciding("accept")} disabled={!may.editPrompts} why={needs(may.edit ? "admin" : "editor")}>
        Accept
      </Button>
      <Decide suggestion={suggestion} deciding={deciding} writing={writing} onClose={close} onDone={done} />
    </>
  );
}
