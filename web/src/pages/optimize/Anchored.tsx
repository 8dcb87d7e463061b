import type { Schema } from "@/api/client";
import { Badge, type Column, Loaded, SkeletonTable, Table, TextLink } from "@/kit";
import { plural } from "@/lib/format";
import { inputWords } from "@/pages/datasets/items";
import { SplitDot } from "@/pages/datasets/SplitCounts";
import { useAnchors } from "./Anchors";

type Item = Schema<"ItemAnswer">;

/** The items of a search that must stay right, as the dataset holds them, or held them. */
export function Anchored({ dataset, anchors }: { dataset: string; anchors: readonly string[] }) {
  const found = useAnchors(dataset, anchors);
  const columns: Column<Item>[] = [
    {
      key: "input",
      head: "Input",
      cell: (row) => (
        <span className="flex items-start gap-2">
          <TextLink to={`/datasets/${dataset}`} search={{ item: row.id }} className="line-clamp-2 min-w-0 text-13 wrap-anywhere">
            {inputWords(row.input)}
          </TextLink>
          {row.removed_version === null ? null : <Badge>until v{row.removed_version - 1}</Badge>}
        </span>
      ),
    },
    { key: "expected", head: "Expected", width: "w-28 sm:w-56", cell: (row) => <span className="line-clamp-2 text-13 wrap-anywhere">{row.expected ?? "–"}</span> },
    { key: "split", head: "Split", width: "w-28", hideBelow: "sm", cell: (row) => <SplitDot split={row.split} /> },
  ];
  return (
    <Loaded of={found} skeleton={<SkeletonTable columns={3} rows={Math.min(anchors.length, 5)} />}>
      {(page) => (
        <div className="flex flex-col gap-2">
          <div className="max-h-96 overflow-y-auto">
            <Table label="Items that must stay right" columns={columns} rows={page.data} rowKey={(row) => row.id} />
          </div>
          {page.data.length < anchors.length ? <p className="text-12 text-muted">{plural(anchors.length - page.data.length, "item")} more, whose text is not kept any longer.</p> : null}
        </div>
      )}
    </Loaded>
  );
}
