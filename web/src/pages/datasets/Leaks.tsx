import type { Schema } from "@/api/client";
import { useRead } from "@/api/hooks";
import { Badge, Facts, Loaded, Notice, Section, Table } from "@/kit";
import { filesNamed } from "@/lib/files-named";
import { count, percent } from "@/lib/format";
import { SplitDot } from "./SplitCounts";
import { SPLITS, inputWords } from "./items";

type Report = Schema<"LeakReport">;

/** What would make a proof on this dataset too kind, and how often its test split has been looked at. */
export function Leaks({ id, onItem }: { id: string; onItem: (item: string) => void }) {
  const found = useRead("/v1/datasets/{dataset_id}/leaks", { path: { dataset_id: id } });
  return (
    <Loaded of={found}>
      {(report) => (
        <div className="flex flex-col gap-6">
          {report.is_clean ? (
            <Notice tone="ok" title="Nothing found.">
              No two items in different splits say almost the same, nobody is in several splits, and the test split is fresh enough.
            </Notice>
          ) : (
            <Notice tone="warn" title="Look at this before you trust a proof on it.">
              <ul className="mt-1 list-disc pl-5">
                {report.in_words.map((one) => (
                  <li key={one}>{one}</li>
                ))}
              </ul>
            </Notice>
          )}
          <Facts
            facts={[
              ["Looks at the test split", `${count(report.looks)} by searches, ${count(report.looks_left)} left`],
              ["Read by test runs", count(report.reads)],
              ["Used", `${count(report.used)} test runs and searches; what they used stays as it was`],
              ["Made up", SPLITS.map((split) => `${count(report.synthetic[split] ?? 0)} ${split}`).join(", ")],
            ]}
          />
          {report.pairs.length > 0 ? <Pairs pairs={report.pairs} onItem={onItem} /> : null}
          {report.groups.length > 0 ? (
            <Section title="In several splits" description="Users or conversations: what one learns of them in train is known in test.">
              <Table
                label="Users and conversations in several splits"
                rows={report.groups}
                rowKey={(row) => row.group}
                columns={[{ key: "group", head: "User or conversation", cell: (row) => <span className="wrap-anywhere">{row.group}</span> }, ...SPLITS.map((split) => ({ key: split, head: split, align: "end" as const, cell: (row: Report["groups"][number]) => count(row.counts[split] ?? 0) }))]}
              />
            </Section>
          ) : null}
        </div>
      )}
    </Loaded>
  );
}

function Pairs({ pairs, onItem }: { pairs: Report["pairs"]; onItem: (item: string) => void }) {
  return (
    <Section title="Almost the same, in different splits" description="Open one of a pair to take it out, or to correct its answer.">
      <ul className="flex flex-col gap-3">
        {pairs.map((pair) => (
          <li key={pair.items.map((one) => one.id).join(" ")} className="rounded-l border border-line bg-panel">
            <p className="numeric flex items-center gap-2 border-b border-line px-3 py-1.5 text-12 text-muted">
              {percent(pair.similarity, 0)} alike {pair.contradicts ? <Badge tone="bad">different answers: look at the labels</Badge> : null}
            </p>
            <div className="grid gap-px bg-line sm:grid-cols-2">
              {pair.items.map((one) => (
                <div key={one.id} className="min-w-0 bg-panel px-3 py-2 text-13 wrap-anywhere">
                  <p className="mb-1 text-12 text-muted">
                    <SplitDot split={one.split} />
                  </p>
                  <button type="button" className="text-left hover:underline" onClick={() => onItem(one.id)}>
                    {inputWords(one.input)}
                  </button>
                  <p className="mt-1 text-12 text-muted">{one.expected === null ? "has no right answer" : `expects ${filesNamed(one.expected)}`}</p>
                </div>
              ))}
            </div>
          </li>
        ))}
      </ul>
    </Section>
  );
}
