import type { Schema } from "@/api/client";
import { useRead } from "@/api/hooks";
import { Button, type Column, Loaded, Notice, Section, SimulatedMark, Table } from "@/kit";
import { count, percent, plural } from "@/lib/format";
import { type Edge, KINDS, type Node, nameOfNode } from "./lineage";

type Family = Schema<"FamilyAnswer">;
type Row = { name: string; a: React.ReactNode; b: React.ReactNode };

/** Two nodes with all that came of each, side by side. */
export function Families({ slug, node, other, candidates, onChoose, onClose }: { slug: string; node: string; other: string; candidates: boolean; onChoose: (id: string) => void; onClose: () => void }) {
  const found = useRead("/v1/prompts/{slug}/lineage/compare", { path: { slug }, query: { node, with: other, candidates } });
  const nameIn = (one: Node) => nameOfNode(one, slug);
  return (
    <Section
      framed
      title="Families compared"
      actions={
        <Button size="s" onClick={onClose}>
          Close
        </Button>
      }
    >
      <Loaded of={found}>
        {({ a, b, a_steps: aSteps, b_steps: bSteps, common_ancestors: common, shared_descendants: shared, truncated }) => {
          const go = (one: Node) => (
            <Button size="s" variant="ghost" onClick={() => onChoose(one.id)}>
              {nameIn(one)}
            </Button>
          );
          const best = (one: Family) => (one.best ? <span className="inline-flex items-center gap-1">{go(one.best)} {percent(one.best.score)}{one.best.simulated ? <SimulatedMark /> : null}</span> : "nothing measured");
          const rows: Row[] = [
            { name: "Came of it", a: plural(a.nodes, "node"), b: plural(b.nodes, "node") },
            { name: "Versions", a: count(a.versions), b: count(b.versions) },
            { name: "Candidates", a: count(a.candidates), b: count(b.candidates) },
            { name: "Steps to the farthest", a: count(a.depth), b: count(b.depth) },
            { name: "How", a: <Kinds of={a} />, b: <Kinds of={b} /> },
            { name: "The best", a: best(a), b: best(b) },
            { name: "Steps from what both come of", a: count(aSteps), b: count(bSteps) },
          ];
          const columns: Column<Row>[] = [
            { key: "name", head: <span className="sr-only">What</span>, cell: (row) => row.name },
            { key: "a", head: nameIn(a.root), cell: (row) => row.a },
            { key: "b", head: nameIn(b.root), cell: (row) => row.b },
          ];
          return (
            <div className="flex flex-col gap-3">
              {truncated ? <Notice tone="warn">There is more than could be looked at; these figures are of the nearest nodes.</Notice> : null}
              <p className="flex flex-wrap items-center gap-1 text-13">
                {common.length === 0 ? "They have nothing in common." : <>Both come of {common.map((one) => <span key={one.id}>{go(one)}</span>)}</>}
                {shared > 0 ? <span className="text-muted">{plural(shared, "node")} came of both.</span> : null}
              </p>
              <Table label="Families compared" columns={columns} rows={rows} rowKey={(row) => row.name} />
            </div>
          );
        }}
      </Loaded>
    </Section>
  );
}

function Kinds({ of }: { of: Family }) {
  const all = Object.entries(of.edges).filter(([, number]) => number > 0);
  return <span className="wrap-anywhere">{all.length === 0 ? "nothing yet" : all.map(([kind, number]) => `${count(number)} ${KINDS[kind as Edge["kind"]] ?? kind}`).join(", ")}</span>;
}
