import { useEffect, useState } from "react";
import { useChange, useRead } from "@/api/hooks";
import { ConfirmDialog, Field, Input, Notice, RelativeTime, errorFor, toast } from "@/kit";

const PAUSE_MS = 300;

/** Asks whom, says whether anything here names them, and orders the erasure. `whom` stands there at first. `isHeld`: by a legal hold, so that it waits. */
export function EraseUser({ open, whom = "", isHeld, onOpenChange }: { open: boolean; whom?: string; isHeld: boolean; onOpenChange: (open: boolean) => void }) {
  const [who, setWho] = useState(whom);
  const [given, setGiven] = useState(whom);
  if (whom !== given) {
    setGiven(whom);
    if (whom) setWho(whom);
  }
  const [why, setWhy] = useState("");
  const erase = useChange("post", "/v1/erasures", { invalidates: ["/v1/erasures"] });
  const send = () =>
    erase.mutate({ body: { user_id: who.trim(), reason: why.trim() } } as never, {
      onSuccess: () => {
        onOpenChange(false);
        setWho("");
        setWhy("");
        toast(isHeld ? "The erasure waits until the legal hold ends" : "The erasure is under way; its receipt stands here when it is done");
      },
    });
  return (
    <ConfirmDialog open={open} onOpenChange={onOpenChange} title="Erase an end user" description="By the user_id that your application sends." submit="Erase for good" onSubmit={send} busy={erase.isPending} error={erase.error}>
      <div className="flex flex-col gap-4">
        {isHeld ? <Notice tone="warn" title="It waits.">Nothing is forgotten while the workspace is under a legal hold. It begins by itself once the hold ends.</Notice> : null}
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

type Looked = { data?: { created_at?: string; accepted_at?: string }[]; searched_to?: string | null; next_cursor?: string | null };

/** What names the end user, as far as it can be looked up: an id that is mistyped is erased as readily as any other. */
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
  const both = [runs, reactions];
  return (
    <div role="status" className="text-13 empty:hidden">
      {!isAsked ? null : <Words looked={both.map((one) => (one.isPlaceholderData || one.isError ? undefined : (one.data as Looked | undefined)))} hasFailed={both.some((one) => one.isError)} />}
    </div>
  );
}

/** `looked`: the newest run and the newest reaction of the user_id; undefined where none has come. */
function Words({ looked, hasFailed }: { looked: (Looked | undefined)[]; hasFailed: boolean }) {
  const newest = looked
    .map((one) => one?.data?.[0])
    .map((one) => one?.created_at ?? one?.accepted_at)
    .filter((at) => at !== undefined)
    .sort()
    .at(-1);
  if (!hasFailed && looked.some((one) => one === undefined)) return null;
  if (newest !== undefined) {
    return (
      <>
        Known here: the newest run or reaction of this user_id {hasFailed ? "that could be looked up " : ""}was <RelativeTime at={newest} />.
      </>
    );
  }
  if (hasFailed) return <Notice tone="warn" title="It could not be looked up whether anything names this user_id.">Capitals count: look at how your application sends it. The erasure looks through everything, however it is here.</Notice>;
  const [runs, reactions] = looked.map(isWhole);
  return (
    <Notice tone="warn" title={`Nothing names this user_id among ${runs ? "the runs" : "the newest runs"} and ${reactions ? "the reactions" : "the newest reactions"}.`}>
      {runs && reactions ? "" : "Older ones were not looked at here. "}
      Capitals count: look at how your application sends it. The erasure looks through everything else, too, as datasets, reports and budgets; its receipt says what was found.
    </Notice>
  );
}

/** Whether the list was looked through to its end: a search by user_id may end earlier, and then says where. */
function isWhole(looked: Looked | undefined): boolean {
  return (looked?.searched_to ?? looked?.next_cursor ?? null) === null;
}
