import { Suspense, useMemo } from "react";
import { useAuthors } from "@/api/authors";
import { usePages, useRead } from "@/api/hooks";
import { After, Badge, Button, type Column, Facts, Figures, Loaded, Page, PagedTable, RelativeTime, Section, SimulatedBadge, TextLink } from "@/kit";
import { later } from "@/lib/later";
import { usePathParam } from "@/lib/pages";
import { count, percent, plural } from "@/lib/format";
import { integer, useUrlState } from "@/lib/url-state";
import { Candidates } from "./Candidates";
import { LineActs, Snapshots } from "./LineActs";
import { COURSE_PX, type Figures as Numbers, type Line, ORIGINS, nameOfLine } from "./generations";

const Course = later(() => import("./Course"));
const shape = { n: integer(null) };
const MOST = 200;

/** One line of generations: how fitness went, each generation with its texts, and what can be done with it. */
export default function GenerationPage() {
  const id = usePathParam("id");
  const found = useRead("/v1/generations/{line_id}", { path: { line_id: id } });
  const line = found.data;
  return (
    <Page
      title={line ? `Generations of ${nameOfLine(line)}` : "Generations"}
      back={{ to: "/optimize", label: "Optimize" }}
      heading={
        line ? (
          <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <span className="min-w-0">
              Generations of <span className="font-mono text-20 wrap-anywhere">{nameOfLine(line)}</span>
            </span>
            {line.simulated ? <SimulatedBadge /> : null}
          </span>
        ) : undefined
      }
      subtitle={line ? <About line={line} /> : undefined}
    >
      <Loaded of={found}>{(one) => <Content line={one} latest={one.latest_number} />}</Loaded>
    </Page>
  );
}

function About({ line }: { line: Line }) {
  return (
    <span className="text-13">
      From{" "}
      {line.job_id ? (
        <TextLink to={`/optimize/${line.job_id}`}>a search</TextLink>
      ) : line.forked_from ? (
        <TextLink to={`/optimize/generations/${line.forked_from}`} search={line.forked_from_number === null ? {} : { n: String(line.forked_from_number) }}>
          another line, generation {line.forked_from_number}
        </TextLink>
      ) : (
        ORIGINS[line.origin]
      )}
      , of <TextLink to={`/prompts/${line.prompt}`}>{line.prompt}</TextLink> v{line.base_version} · <RelativeTime at={line.created_at} />
    </span>
  );
}

function Content({ line, latest }: { line: Line; latest: number | null }) {
  const [{ n }, set] = useUrlState(shape);
  const number = n ?? latest;
  const history = usePages("/v1/generations/{line_id}/history", { path: { line_id: line.id }, query: { limit: MOST } });
  const snapshots = useRead("/v1/generations/{line_id}/snapshots", { path: { line_id: line.id } });
  const named = useMemo(() => snapshots.data?.data ?? [], [snapshots.data]);
  const nameOf = useAuthors();
  const columns = useMemo<Column<Numbers>[]>(
    () => [
      {
        key: "number",
        head: "Generation",
        cell: (row) => (
          <span className="flex flex-wrap items-center gap-1.5">
            <span className="numeric font-medium">{count(row.number)}</span>
            {row.number === line.best_number ? <Badge tone="ok">best</Badge> : null}
            {row.number === latest ? <Badge>latest</Badge> : null}
            {row.restored_from === null ? null : <span className="text-12 text-muted">as {count(row.restored_from)}</span>}
            {named.filter((one) => one.number === row.number).map((one) => <Badge key={one.name} tone="accent">{one.name}</Badge>)}
          </span>
        ),
      },
      { key: "best", head: "Best", align: "end", width: "w-24", cell: (row) => percent(row.best_fitness) },
      { key: "mean", head: "Mean", align: "end", width: "w-24", cell: (row) => percent(row.mean_fitness) },
      { key: "size", head: "Texts", align: "end", width: "w-20", hideBelow: "sm", cell: (row) => count(row.size) },
      { key: "at", head: "Made", align: "end", width: "w-32", hideBelow: "md", cell: (row) => <RelativeTime at={row.created_at} className="text-muted" /> },
    ],
    [line.best_number, latest, named],
  );
  return (
    <div className="flex min-w-0 flex-col gap-8">
      <Figures
        label="Figures of this line"
        figures={[
          { label: "Best fitness", value: percent(line.best_fitness), note: line.best_number === null ? "nothing measured" : `generation ${line.best_number}; no proof` },
          { label: "Generations", value: count(latest === null ? 0 : latest + 1), note: `newest ${latest === null ? "–" : count(latest)}` },
          { label: "Snapshots", value: count(named.length), note: named.length === 0 ? "none yet" : "kept by name" },
        ]}
      />
      <Section
        title="How it went"
        description={history.hasMore && latest !== null ? `The newest ${count(history.rows.length)} of ${count(latest + 1)} generations; read on in the list to draw more.` : undefined}
      >
        <Suspense fallback={<div aria-busy style={{ minHeight: COURSE_PX }} />}>
          <Course generations={history.rows} snapshots={named} />
        </Suspense>
      </Section>
      {number === null ? null : <Chosen line={line} number={number} latest={latest} />}
      <After>
        <Section title="All generations">
          <PagedTable label="Generations" columns={columns} pages={history} rowKey={(row) => String(row.number)} onOpen={(row) => set({ n: row.number }, { push: true })} selected={number === null ? null : String(number)} empty={<p className="text-13 text-muted">None yet.</p>} />
        </Section>
        <After>
          {named.length > 0 ? <Snapshots line={line} snapshots={named} onOpen={(one) => set({ n: one }, { push: true })} /> : null}
          <Section title="This line">
            <Facts facts={[["Comes from", ORIGINS[line.origin]], ["Made by", nameOf(line.created_by)], ["Id", <span key="id" className="font-mono text-12 break-all">{line.id}</span>]]} />
          </Section>
        </After>
      </After>
    </div>
  );
}

function Chosen({ line, number, latest }: { line: Line; number: number; latest: number | null }) {
  const found = useRead("/v1/generations/{line_id}/history/{number}", { path: { line_id: line.id, number } }, { keeps: true });
  const [, set] = useUrlState(shape);
  const step = (to: number) => set({ n: to });
  return (
    <Section
      title={`Generation ${count(number)}`}
      description={found.data ? `${plural(found.data.size, "text")}, the best first.` : "\u00a0"}
      actions={
        <span className="flex flex-wrap items-center gap-2">
          <Button size="s" disabled={number === 0} onClick={() => step(number - 1)}>
            Earlier
          </Button>
          <Button size="s" disabled={latest === null || number >= latest} onClick={() => step(number + 1)}>
            Later
          </Button>
          <LineActs line={line} number={number} latest={latest} />
        </span>
      }
    >
      <Loaded of={found}>{(generation) => <Candidates line={line} generation={generation} />}</Loaded>
    </Section>
  );
}
