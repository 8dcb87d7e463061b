import { useEffect, useState } from "react";
import { useAuthors } from "@/api/authors";
import { useRead } from "@/api/hooks";
import { Badge, DownloadButton, Facts, Loaded, Notice, RelativeTime, Section, StatusBadge } from "@/kit";
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

function Signed({ id }: { id: string }) {
  const found = useRead("/v1/erasures/{erasure_id}/receipt", { path: { erasure_id: id } }, { refetchInterval: 5_000 });
  return (
    <Loaded of={found}>
      {(answer) => {
        const receipt = answer.receipt as Body;
        const stores = Object.entries(receipt.stores ?? {}).filter(([, rows]) => rows > 0);
        return (
          <>
            <Section title="Receipt" description={`${plural(receipt.passes ?? 0, "pass", "passes")} so far${receipt.final ? ", the last one among them" : ""}. ${plural(Object.keys(receipt.stores ?? {}).length, "store was", "stores were")} looked through.`} actions={<Signature answer={answer} />}>
              {stores.length === 0 ? (
                <p className="text-13 text-muted">Nothing of this person was found so far.</p>
              ) : (
                <Facts facts={stores.map(([store, rows]) => [store.replaceAll("_", " "), `${count(rows)} changed or removed`] as const)} />
              )}
              <div>
                <DownloadButton path={`/v1/erasures/${id}/receipt`} name={`erasure-${id}.json`}>
                  Download
                </DownloadButton>
              </div>
            </Section>
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
      }}
    </Loaded>
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
