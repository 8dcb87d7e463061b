import { useMemo } from "react";
import type { Schema } from "@/api/client";
import { useRead } from "@/api/hooks";
import { Checkbox, type Column, DownloadButton, EmptyState, Loaded, Notice, Segments, SimulatedMark, SkeletonText, Table } from "@/kit";
import { percent, plural } from "@/lib/format";
import { flag, oneOf, text, useUrlState } from "@/lib/url-state";
import { Drawing, type Shown } from "./LineageDrawing";
import { Families } from "./LineageFamilies";
import { Chosen } from "./LineageNode";
import { type Edge, type Node, hasFamily, KINDS, nameOf, nameOfNode } from "./lineage";

type Prompt = Schema<"PromptAnswer">;
const shape = { view: oneOf(["drawing", "list"], "drawing"), node: text(), with: text(), candidates: flag() };
/** More than this nobody reads as a drawing. */
const DRAWN_MOST = 400;

/** What came of what: versions, branches, clones, and the candidates of searches. */
export function LineageTab({ prompt }: { prompt: Prompt }) {
  const [{ view, node: id, with: other, candidates }, set] = useUrlState(shape);
  const { slug } = prompt;
  const found = useRead("/v1/prompts/{slug}/lineage/graph", { path: { slug }, query: { candidates } });
  return (
    <div className="flex flex-col gap-4">
      <div className="flex flex-wrap items-center gap-4">
        <Segments label="Shown as" value={view} onChange={(next) => set({ view: next })} options={[{ value: "drawing", label: "Drawing" }, { value: "list", label: "List" }]} />
        <Checkbox label="Candidates of searches too" checked={candidates} onChange={(event) => set({ candidates: event.target.checked })} />
        <Exports slug={slug} />
      </div>
      <Loaded of={found} skeleton={<SkeletonText lines={6} />}>
        {(graph) => {
          const chosen = graph.nodes.find((one) => one.id === id) ?? graph.nodes.find((one) => one.prompt === slug && one.version === prompt.latest_version);
          const choose = (next: string) => set({ node: next });
          const isLarge = graph.nodes.length > DRAWN_MOST;
          if (graph.nodes.length === 0) return <EmptyState title="Nothing yet">A prompt's lineage begins with its first version.</EmptyState>;
          return (
            <>
              {graph.truncated ? <Notice tone="warn">{`There is more than these ${plural(graph.nodes.length, "node")}; the nearest are shown.`}</Notice> : null}
              {isLarge && view === "drawing" ? <Notice>{`${plural(graph.nodes.length, "node")} are too many to draw: they are listed.`}</Notice> : null}
              <div className="grid items-start gap-5 lg:grid-cols-[minmax(0,1fr)_20rem]">
                {view === "drawing" && !isLarge ? <Drawing slug={slug} graph={graph} chosen={chosen?.id ?? null} onChoose={choose} /> : <List slug={slug} graph={graph} chosen={chosen?.id ?? null} onChoose={choose} />}
                {chosen ? <Chosen key={chosen.id} prompt={prompt} node={chosen} edges={graph.edges} nodes={graph.nodes} onChoose={choose} other={other} onCompare={(next) => set({ with: next })} /> : null}
              </div>
              {chosen && hasFamily(chosen) && other && other !== chosen.id ? <Families slug={slug} node={chosen.id} other={other} candidates={candidates} onChoose={choose} onClose={() => set({ with: "" })} /> : null}
            </>
          );
        }}
      </Loaded>
    </div>
  );
}

function Exports({ slug }: { slug: string }) {
  return (
    <span className="flex gap-2 sm:ml-auto">
      <DownloadButton path={`/v1/prompts/${slug}/lineage/export?format=graphml`} name={`${slug}.graphml`}>
        GraphML
      </DownloadButton>
      <DownloadButton path={`/v1/prompts/${slug}/lineage/export?format=cypher`} name={`${slug}.cypher`}>
        Cypher
      </DownloadButton>
    </span>
  );
}

function List({ slug, graph, chosen, onChoose }: Shown) {
  const parents = useMemo(() => {
    const found = new Map<string, Edge[]>();
    for (const edge of graph.edges) found.set(edge.child, [...(found.get(edge.child) ?? []), edge]);
    return found;
  }, [graph.edges]);
  const byId = useMemo(() => new Map(graph.nodes.map((one) => [one.id, one])), [graph.nodes]);
  const columns: Column<Node>[] = [
    { key: "name", head: "Version", cell: (row) => <span className="font-medium wrap-anywhere">{nameOfNode(row, slug)}</span> },
    { key: "from", head: "Came of", cell: (row) => (parents.get(row.id) ?? []).map((edge) => `${KINDS[edge.kind]} ${nameOf(byId.get(edge.parent), slug)}`).join(", ") || "the beginning" },
    { key: "by", head: "Made by", width: "w-28", hideBelow: "sm", cell: (row) => row.made_by ?? "–" },
    { key: "score", head: "Right", align: "end", width: "w-20", cell: (row) => <span className="inline-flex flex-wrap items-center justify-end gap-1">{percent(row.score, 0)}{row.simulated ? <SimulatedMark /> : null}</span> },
  ];
  return <Table label="Lineage" columns={columns} rows={graph.nodes} rowKey={(row) => row.id} onOpen={(row) => onChoose(row.id)} selected={chosen} />;
}

