import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useAuthors } from "@/api/authors";
import { invalidate, useRead } from "@/api/hooks";
import { Badge, DownloadButton, EmptyState, Facts, Loaded, Notice, RelativeTime, Section, StatusBadge } from "@/kit";
import { count, plural } from "@/lib/format";
import { type Answer, type Body, isSigned } from "./receipt";

/** How far an erasure is, and the receipt that says so to others. */
export function Receipt({ id }: { id: string }) {
  const nameOf = useAuthors();
  const path = { erasure_id: id };
  const [isDone, setDone] = useState(false);
  const erasure = useRead("/v1/erasures/{erasure_id}", { path }, { refetchInterval: isDone ? 10_000 : 1_000 });
  if (!isDone && erasure.data?.completed_at) setDone(true);
  return (
    <Loaded of={erasure}>
      {(one) => (
        <div className="flex flex-col gap-5">
          {one.waits_for ? <Notice tone="warn" title="It waits.">{one.waits_for === "legal_hold" ? "Nothing is forgotten while the workspace is under a legal hold." : one.waits_for}</Notice> : null}
          <Facts
            facts={[
              ["Status", <StatusBadge key="status" status={one.status} />],
              ["Whom", <code key="subject" className="text-12 break-all">{one.subject}</code>],
              one.reason ? ["Why", one.reason] : null,
              ["Asked by", nameOf(one.requested_by)],
              ["Asked", <RelativeTime key="at" at={one.requested_at} />],
              one.next_pass_at ? ["Looked through again", <RelativeTime key="next" at={one.next_pass_at} />] : ["Looked through again", one.status === "completed" ? "no more" : "later"],
            ]}
          />
          <p className="text-12 text-muted">The person is named by a keyed hash alone; the id that you gave is written nowhere.</p>
          {one.completed_at ? <Signed id={id} /> : <p role="status" className="text-13 text-muted">The receipt stands here as soon as everything was looked through once.</p>}
        </div>
      )}
    </Loaded>
  );
}

/** How far the erasure of a whole workspace is, and its receipt. When it is done the workspace has lost its name: lists are read again. */
export function WorkspaceReceipt({ id }: { id: string }) {
  const nameOf = useAuthors();
  const queries = useQueryClient();
  const path = { workspace_id: id };
  const [isDone, setDone] = useState(false);
  const erasure = useRead("/v1/workspaces/{workspace_id}/erasure", { path }, { refetchInterval: isDone ? false : 2_000 });
  const completedAt = erasure.data?.completed_at;
  const ended = Boolean(completedAt) || erasure.error !== null;
  if (ended !== isDone) setDone(ended);
  useEffect(() => {
    if (completedAt) void invalidate(queries, ["/v1/organizations"]);
  }, [completedAt, queries]);
  if (erasure.error?.status === 404) return <EmptyState title="No erasure of it is known">Nobody asked for one, or it is no workspace of an organization that you govern.</EmptyState>;
  return (
    <Loaded of={erasure}>
      {(one) => (
        <div className="flex flex-col gap-5">
          <Facts
            facts={[
              ["Status", <StatusBadge key="status" status={one.completed_at ? "completed" : "running"} />],
              ["Asked by", nameOf(one.requested_by)],
              ["Asked", <RelativeTime key="at" at={one.requested_at} />],
              one.completed_at ? ["Done", <RelativeTime key="done" at={one.completed_at} />] : ["So far", `${count(Object.values(one.counts).reduce((sum, rows) => sum + rows, 0))} rows removed`],
            ]}
          />
          {one.completed_at ? <SignedWorkspace id={id} /> : <p role="status" className="text-13 text-muted">Calls and jobs that are under way, and a legal hold, are waited for. The receipt stands here when all is removed.</p>}
        </div>
      )}
    </Loaded>
  );
}

function SignedWorkspace({ id }: { id: string }) {
  const found = useRead("/v1/workspaces/{workspace_id}/erasure/receipt", { path: { workspace_id: id } });
  return <Loaded of={found}>{(answer) => <Told answer={answer} path={`/v1/workspaces/${id}/erasure/receipt`} name={`erasure-of-workspace-${id}.json`} said="Rows of configuration that were removed. Texts and members went too, and are not counted." none="There was no configuration in it." verb="removed" />}</Loaded>;
}

function Signed({ id }: { id: string }) {
  const found = useRead("/v1/erasures/{erasure_id}/receipt", { path: { erasure_id: id } }, { refetchInterval: 5_000 });
  return (
    <Loaded of={found}>
      {(answer) => {
        const { passes = 0, final, stores = {} } = answer.receipt as Body;
        const looked = Object.keys(stores).length;
        return <Told answer={answer} path={`/v1/erasures/${id}/receipt`} name={`erasure-${id}.json`} said={`${plural(passes, "pass", "passes")} so far${final ? ", the last one among them" : ""}. ${plural(looked, "store was", "stores were")} looked through.`} none="Nothing of this person was found so far." verb="changed or removed" />;
      }}
    </Loaded>
  );
}

function Told({ answer, path, name, said, none, verb }: { answer: Answer; path: string; name: string; said: string; none: string; verb: string }) {
  const receipt = answer.receipt as Body;
  const stores = Object.entries(receipt.stores ?? {}).filter(([, rows]) => rows > 0);
  return (
    <>
      <Section title="Receipt" description={said} actions={<Signature answer={answer} />}>
        {stores.length === 0 ? <p className="text-13 text-muted">{none}</p> : <Facts facts={stores.map(([store, rows]) => [store.replaceAll("_", " "), `${count(rows)} ${verb}`] as const)} />}
        <div>
          <DownloadButton path={path} name={name}>
            Download
          </DownloadButton>
        </div>
      </Section>
      {receipt.removed_too ? (
        <Section title="Removed too, uncounted">
          <p className="text-13 wrap-anywhere">{receipt.removed_too.map((one) => one.replaceAll("_", " ")).join(", ")}</p>
        </Section>
      ) : null}
      {receipt.emptied ? (
        <Section title="Emptied of texts and persons">
          <p className="text-13 wrap-anywhere">{receipt.emptied.map((one) => one.replaceAll("_", " ")).join(", ")}</p>
        </Section>
      ) : null}
      {receipt.ages_out ? (
        <Section title="What goes by itself">
          <Facts facts={Object.entries(receipt.ages_out).map(([what, when]) => [what.replaceAll("_", " "), String(when)] as const)} />
        </Section>
      ) : null}
      {receipt.stays ? (
        <Section title="What stays">
          <ul className="flex list-disc flex-col gap-1 pl-4 text-13">
            {receipt.stays.map((one) => (
              <li key={one}>{one}</li>
            ))}
          </ul>
        </Section>
      ) : null}
    </>
  );
}

function Signature({ answer }: { answer: Answer }) {
  const [fits, setFits] = useState<boolean | null>(null);
  useEffect(() => {
    let isOver = false;
    void isSigned(answer).then((found) => (isOver ? undefined : setFits(found)));
    return () => {
      isOver = true;
    };
  }, [answer]);
  if (fits === null) return <Badge>signed</Badge>;
  return fits ? <Badge tone="ok">signature checked</Badge> : <Badge tone="bad">the signature does not fit</Badge>;
}
