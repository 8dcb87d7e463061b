import { Suspense } from "react";
import { useRead } from "@/api/hooks";
import { ButtonLink, Section } from "@/kit";
import { later } from "@/lib/later";
import { plural } from "@/lib/format";
import { Candidates } from "./Candidates";
import { COURSE_PX, type Line } from "./generations";
import { type Job, isGoingOn } from "./model";

const Course = later(() => import("./Course"));
const MOST = 200;
const LOOK_AGAIN_MS = 3_000;

/** The generations that a search wrote down: how they went, and the texts of the best one. */
export function JobGenerations({ job }: { job: Job }) {
  const looks = { refetchInterval: isGoingOn(job.status) ? LOOK_AGAIN_MS : (false as const) };
  // A line has its job's id; it is looked for in the list, since there is none before the first generation ended.
  const lines = useRead("/v1/generations", { query: { prompt: job.prompt, limit: MOST } }, looks);
  const line = lines.data?.data.find((one) => one.job_id === job.id);
  return line ? <Found line={line} looks={looks} /> : null;
}

function Found({ line, looks }: { line: Line; looks: { refetchInterval: number | false } }) {
  const heads = useRead("/v1/generations/{line_id}", { path: { line_id: line.id } }, looks);
  const history = useRead("/v1/generations/{line_id}/history", { path: { line_id: line.id }, query: { limit: MOST } }, looks);
  const best = heads.data?.best;
  return (
    <Section
      title="Generations"
      description={`${plural((line.latest_number ?? -1) + 1, "generation")} so far. Fitness is of the search’s own items, and proves nothing.`}
      actions={
        <ButtonLink size="s" to={`/optimize/generations/${line.id}`}>
          Open all
        </ButtonLink>
      }
    >
      <Suspense fallback={<div aria-busy style={{ minHeight: COURSE_PX }} />}>
        <Course generations={history.data?.data ?? []} />
      </Suspense>
      {best ? (
        <>
          <h3 className="mt-4 text-13 font-semibold">Candidates of generation {best.number}, the best</h3>
          <Candidates line={line} generation={best} />
        </>
      ) : null}
    </Section>
  );
}
