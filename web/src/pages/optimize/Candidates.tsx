import { Suspense } from "react";
import { useRead } from "@/api/hooks";
import { Badge, Breaking, type Column, Diff, Drawer, EmptyState, Facts, Prose, Table, TextLink } from "@/kit";
import { CandidateActs } from "@/kit/candidate/CandidateActs";
import { editableText } from "@/lib/editable";
import { later } from "@/lib/later";
import { count, money, percent, points } from "@/lib/format";
import { over, text, useUrlState } from "@/lib/url-state";
import { PLANE_PX, type Generation, type Line, type Member, operatorName, planeOf } from "./generations";
import type { Message } from "./model";

const Plane = later(() => import("./Plane"));
const shape = { candidate: over(text()) };

const COLUMNS: Column<Member>[] = [
  { key: "text", head: "Text", cell: (row) => <Breaking text={row.text ?? "(not kept)"} className="line-clamp-2 font-mono text-12" /> },
  { key: "by", head: "Made by", width: "w-44", hideBelow: "md", cell: (row) => (row.made_by === "incumbent" ? <Badge>{operatorName(row.made_by)}</Badge> : operatorName(row.made_by)) },
  { key: "fitness", head: "Fitness", align: "end", width: "w-24", cell: (row) => percent(row.fitness) },
  { key: "cost", head: "Per answer", align: "end", width: "w-28", hideBelow: "sm", cell: (row) => money(row.scores["cost_nusd"]) },
  { key: "length", head: "Characters", align: "end", width: "w-28", hideBelow: "md", cell: (row) => count(row.text?.length) },
];

/** The texts of one generation: score against cost, one by one, and whole in a drawer. */
export function Candidates({ line, generation }: { line: Line; generation: Generation }) {
  const [{ candidate: opened }, set] = useUrlState(shape);
  const { members } = generation;
  const one = members.find((member) => member.candidate_id === opened);
  const plane = planeOf(members);
  const open = (id: string) => set({ candidate: id }, { push: true });
  if (members.length === 0) return <EmptyState title="No candidates">This generation is empty.</EmptyState>;
  return (
    <div className="flex min-w-0 flex-col gap-6">
      {plane.dots.length > 1 ? (
        <Suspense fallback={<div aria-busy style={{ minHeight: PLANE_PX }} />}>
          <Plane plane={plane} onOpen={open} />
        </Suspense>
      ) : null}
      <Table label="Candidates" columns={COLUMNS} rows={members} rowKey={(row) => row.candidate_id} onOpen={(row) => open(row.candidate_id)} selected={opened || null} />
      <Drawer open={Boolean(one)} onOpenChange={(on) => on || set({ candidate: "" })} title={one ? `Candidate …${one.candidate_id.slice(-6)}` : "Candidate"}>
        {one ? <Detail line={line} one={one} best={members[0]} number={generation.number} /> : null}
      </Drawer>
    </div>
  );
}

function Detail({ line, one, best, number }: { line: Line; one: Member; best: Member | undefined; number: number }) {
  const base = useRead("/v1/prompts/{slug}", { path: { slug: line.prompt }, query: { version: line.base_version } });
  const before = editableText((base.data as { messages?: Message[] } | undefined)?.messages);
  const behind = best?.fitness != null && one.fitness !== null ? one.fitness - best.fitness : null;
  return (
    <div className="flex flex-col gap-5">
      <CandidateActs slug={line.prompt} id={one.candidate_id} />
      <Facts
        facts={[
          ["Made by", operatorName(one.made_by)],
          ["Fitness", `${percent(one.fitness)}${behind !== null && behind < 0 ? `, ${points(behind)} from the best` : ""}`],
          ["Measured on", `${count(one.evaluations)} items of generation ${number}`],
          ["Cost per answer", money(one.scores["cost_nusd"])],
          ...Object.entries(one.scores).filter(([name]) => name !== "fitness" && name !== "cost_nusd").map(([name, value]) => [name, value === null ? "not taken" : String(value)] as const),
          ["Lineage", <TextLink key="l" to={`/prompts/${line.prompt}`} search={{ tab: "lineage", candidates: "1", node: one.candidate_id }}>where it came from</TextLink>],
        ]}
      />
      {one.text === null ? <p className="text-13 text-muted">Its text is not kept any more.</p> : before === null || before === one.text ? <Prose mono text={one.text} /> : <Diff label="Text" before={before} after={one.text} beforeName={`v${line.base_version}`} afterName="candidate" />}
    </div>
  );
}
