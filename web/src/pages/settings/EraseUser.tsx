import { useEffect, useState } from "react";
import { useChange, useRead } from "@/api/hooks";
import { ConfirmDialog, Field, Input, Notice, RelativeTime, errorFor, toast } from "@/kit";

const PAUSE_MS = 300;

/** Asks whom, says whether anything here names them, and orders the erasure. */
export function EraseUser({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const [who, setWho] = useState("");
  const [why, setWhy] = useState("");
  const erase = useChange("post", "/v1/erasures", { invalidates: ["/v1/erasures"] });
  const send = () =>
    erase.mutate({ body: { user_id: who.trim(), reason: why.trim() } } as never, {
      onSuccess: () => {
        onOpenChange(false);
        setWho("");
        setWhy("");
        toast("The erasure is under way; its receipt stands here when it is done");
      },
    });
  return (
    <ConfirmDialog open={open} onOpenChange={onOpenChange} title="Erase an end user" description="By the user_id that your application sends." submit="Erase for good" onSubmit={send} busy={erase.isPending} error={erase.error}>
      <div className="flex flex-col gap-4">
        <Field label="user_id" error={errorFor(erase.error, "user_id")} required>
          <Input mono autoFocus value={who} onChange={(event) => setWho(event.target.value)} />
        </Field>
        {open && !erase.isPending ? <Known who={who.trim()} /> : null}
        <Field label="Reason" hint="Stands in the receipt and the audit log, so it must not name the person." error={errorFor(erase.error, "reason")}>
          <Input value={why} onChange={(event) => setWhy(event.target.value)} />
        </Field>
      </div>
    </ConfirmDialog>
  );
}

/** What names the end user: of an id that is mistyped nothing is found, and the erasure is done all the same. */
function Known({ who }: { who: string }) {
  const [asked, setAsked] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setAsked(who), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [who]);
  const query = { user_id: asked, limit: 1 };
  const isAsked = asked !== "" && asked === who;
  const runs = useRead("/v1/executions", { query }, { enabled: isAsked });
  const reactions = useRead("/v1/feedback", { query }, { enabled: isAsked });
  const isKnown = isAsked && runs.data && reactions.data && !runs.isPlaceholderData && !reactions.isPlaceholderData;
  const made = (runs.data as { data?: { created_at: string }[] } | undefined)?.data?.[0]?.created_at;
  const newest = [made, reactions.data?.data[0]?.accepted_at].filter((at) => at !== undefined).sort().at(-1);
  return (
    <div role="status" className="text-13 empty:hidden">
      {!isKnown ? null : newest ? (
        <>
          Known here: the newest run or reaction of this user_id was <RelativeTime at={newest} />.
        </>
      ) : (
        <Notice tone="warn" title="No run and no reaction names this user_id.">
          Capitals count. Look at how your application sends it; otherwise nobody is erased, and the receipt says so.
        </Notice>
      )}
    </div>
  );
}
