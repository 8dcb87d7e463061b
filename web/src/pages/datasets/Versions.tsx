import { useAuthors } from "@/api/authors";
import type { Schema } from "@/api/client";
import { usePages } from "@/api/hooks";
import { type Column, EmptyState, PagedTable, RelativeTime, TextLink } from "@/kit";
import { count, plural } from "@/lib/format";
import { SPLITS } from "./items";

type Version = Schema<"DatasetVersionAnswer">;
type Use = Version["used_by"][number];

const DONE: Record<NonNullable<Version["done"]>, string> = {
  uploaded: "Items added",
  from_executions: "Added from runs",
  from_failures: "Added from failures",
  from_feedback: "Added from feedback",
  from_test_cases: "Made of test cases",
  made_up: "Made up by a model",
  reviewed: "Added from review",
  review_taken_back: "A review was taken back",
  imported: "Imported",
  corrected: "An answer corrected",
  removed: "An item taken out",
};

/** What was done, as people say it. */
export function doneWords(done: Version["done"]): string {
  return done === null ? "Not recorded" : DONE[done];
}

/** Such as "3 added, 1 corrected"; of a version that changed nothing that is still kept, that. */
export function changeWords({ added, changed, removed }: Pick<Version, "added" | "changed" | "removed">): string {
  const said = [added ? `${count(added)} added` : "", changed ? `${count(changed)} corrected` : "", removed ? `${count(removed)} taken out` : ""].filter(Boolean);
  return said.join(", ") || "no item changed";
}

const WORDS: Record<Use["kind"], { one: string; to: string }> = { test_run: { one: "test run", to: "/test-runs" }, optimization: { one: "search", to: "/optimize" } };

function Used({ by }: { by: readonly Use[] }) {
  if (by.length === 0) return <span className="text-muted">–</span>;
  return (
    <span className="flex flex-col text-13">
      {by.map((use) => {
        const { one, to } = WORDS[use.kind];
        const words = plural(use.count, one, one === "search" ? "searches" : undefined);
        const newest = `${to}/${use.newest[0]}`;
        return (
          <span key={use.kind}>
            {use.count === 1 ? <TextLink to={newest}>{words}</TextLink> : <>{words}, <TextLink to={newest}>the newest</TextLink></>}
          </span>
        );
      })}
    </span>
  );
}

/** Who changed what, version by version; each opens its items. */
export function Versions({ id, newest, onOpen }: { id: string; newest: number; onOpen: (version: number) => void }) {
  const nameOf = useAuthors();
  const pages = usePages("/v1/datasets/{dataset_id}/versions", { path: { dataset_id: id } });
  const columns: Column<Version>[] = [
    { key: "version", head: "Version", width: "w-24", cell: (row) => <span className="font-medium">v{row.version}{row.version === newest ? <span className="block text-12 font-normal text-muted">current</span> : null}</span> },
    {
      key: "done",
      head: "What was done",
      cell: (row) => (
        <span className="flex flex-col text-13">
          {doneWords(row.done)}
          <span className="text-12 text-muted">{changeWords(row)}</span>
        </span>
      ),
    },
    {
      key: "by",
      head: "By whom",
      width: "w-28 sm:w-48",
      cell: (row) =>
        row.made_by === null || row.made_at === null ? (
          <span className="text-13 text-muted">not recorded</span>
        ) : (
          <span className="flex flex-col text-13 wrap-anywhere">
            {nameOf(row.made_by)}
            <span className="text-12 text-muted"><RelativeTime at={row.made_at} /></span>
          </span>
        ),
    },
    ...SPLITS.map((split) => ({ key: split, head: `${split[0]?.toUpperCase()}${split.slice(1)}`, align: "end" as const, width: "w-24", hideBelow: "md" as const, cell: (row: Version) => count(row.counts[split] ?? 0) })),
    { key: "used", head: "Used by", width: "w-44", hideBelow: "sm", cell: (row) => <Used by={row.used_by} /> },
  ];
  return (
    <PagedTable
      label="Versions"
      columns={columns}
      pages={pages}
      rowKey={(row) => String(row.version)}
      onOpen={(row) => onOpen(row.version)}
      empty={<EmptyState title="No versions">Items that come make the first one.</EmptyState>}
    />
  );
}
