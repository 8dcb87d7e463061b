import { CheckCheck, Database, TrendingDown, TrendingUp, Wand } from "lucide-react";
import { useEffect, useState } from "react";
import { usePromptChoices } from "@/api/choices";
import type { Schema } from "@/api/client";
import { useRead } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Sparkline } from "@/chart/Sparkline";
import { Badge, Button, ButtonLink, type Column, Combobox, Drawer, EmptyState, Facts, Loaded, RelativeTime, Select, SkeletonTable, Table, TextLink, Toolbar } from "@/kit";
import { count, day, percent, plural } from "@/lib/format";
import { oneOf, over, text, useUrlState } from "@/lib/url-state";
import { FailuresToDataset } from "./FailuresToDataset";
import { Views } from "@/pages/views/Views";
import { Head } from "./Head";

type Group = Schema<"FailureGroup">;
type Example = Schema<"FailureExample">;

const shape = { prompt: text(), days: oneOf(["7", "30", "90"], "30"), group: over(text()) };
const SOURCES: Record<Example["source"], string> = { correction: "corrected", comment: "commented", reaction: "thumb down", test_run: "wrong in a test", evaluator: "not passed" };
const ASK_AGAIN_MS = 1_500;
/** Until the first ones are there, somebody waits. */
const ASK_FIRST_MS = 250;
/** A skeleton stays so long; then it is said why nothing comes. */
const PATIENCE_MS = 6_000;

/** What failures have in common, the largest group first. */
export default function FailuresPage() {
  const [{ prompt, days, group }, set] = useUrlState(shape);
  const prompts = usePromptChoices(prompt);
  const [again, setAgain] = useState<number | false>(false);
  // What was grouped before is shown at once, and the new groups when they are there.
  const shown = useRead("/v1/analytics/failure-groups", { query: { prompt, days: Number(days), wait_s: 0 } }, { staleTime: 60_000, refetchInterval: again });
  const status = shown.data?.status;
  const isPending = status === "pending";
  const isFirst = isPending && shown.data?.computed_at === null;
  useEffect(() => setAgain(isFirst ? ASK_FIRST_MS : isPending ? ASK_AGAIN_MS : false), [isFirst, isPending]);
  const isLate = useLate(isFirst);
  const [making, setMaking] = useState(false);
  const opened = shown.data?.groups.find((one) => one.id === group);
  return (
    <Head title="Failures" actions={<Views place="failures" shape={shape} />}>
      <Toolbar>
        <Combobox label="Prompt" value={prompt || null} clear="All prompts" {...prompts} onChange={(next) => set({ prompt: next ?? "", group: "" })} className="max-w-60" />
        <Select compact aria-label="Time" value={days} onChange={(next) => set({ days: next, group: "" })} options={(["7", "30", "90"] as const).map((one) => ({ value: one, label: `Last ${one} days` }))} />
        {shown.data ? (
          <span className="numeric text-13 text-muted sm:ml-auto">
            {shown.data.computed_at ? <>{`${plural(shown.data.failures, "failure")}, ${count(shown.data.ungrouped)} alike to no other · grouped `}<RelativeTime at={shown.data.computed_at} /></> : null}
            {isPending ? " · being grouped" : null}
          </span>
        ) : null}
      </Toolbar>
      <Loaded of={shown} skeleton={<SkeletonTable columns={5} />}>
        {({ groups, failures }) =>
          isFirst && !isLate ? (
            <SkeletonTable columns={5} />
          ) : groups.length === 0 ? (
            <EmptyState icon={<CheckCheck size={18} />} title={status === "pending" ? "Failures are being grouped" : failures === 0 ? "No failures in this time" : "No three failures are alike"}>
              {status === "failed" ? "Grouping failed; it is tried again when you come back." : "Groups come from corrections, comments, thumbs down, wrong answers of test runs, and evaluators."}
            </EmptyState>
          ) : (
            <Table label="Groups of failures" columns={COLUMNS} rows={groups} rowKey={(row) => row.id} onOpen={(row) => set({ group: row.id }, { push: true })} selected={group || null} isStale={shown.isPlaceholderData} />
          )
        }
      </Loaded>
      <Drawer open={opened !== undefined && !making} onOpenChange={(open) => !open && set({ group: "" })} title={opened?.name ?? ""} description={opened ? `${plural(opened.size, "failure")}, ${percent(opened.share, 0)} of all` : undefined}>
        {opened ? (
          <>
            <Starts group={opened} prompt={prompt} onDataset={() => setMaking(true)} />
            <Detail group={opened} />
          </>
        ) : null}
      </Drawer>
      {opened && making ? <FailuresToDataset key={opened.id} group={opened} prompt={prompt} days={Number(days)} onClose={() => setMaking(false)} /> : null}
    </Head>
  );
}

/** Whether it has been so for longer than one waits without a word. */
function useLate(waits: boolean): boolean {
  const [late, setLate] = useState(false);
  useEffect(() => {
    if (!waits) return setLate(false);
    const timer = setTimeout(() => setLate(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [waits]);
  return late;
}

/** Somebody's words for it, where they are still kept. */
function quoteOf({ name, examples }: Group): string | undefined {
  const said = name.startsWith("“") ? examples.map((one) => one.asked) : examples.flatMap((one) => [one.said, one.asked]);
  return said.find((one): one is string => Boolean(one));
}

const COLUMNS: Column<Group>[] = [
  {
    key: "name",
    head: "What they have in common",
    cell: (row) => (
      <span className="block min-w-0">
        <span className="block font-medium wrap-anywhere">{row.name}</span>
        {quoteOf(row) ? <span className="line-clamp-1 text-12 wrap-anywhere">for example: {quoteOf(row)}</span> : null}
        <span className="block text-12 text-muted">
          {Object.entries(row.sources).map(([source, size]) => `${SOURCES[source as Example["source"]] ?? source} ${count(size)}`).join(", ")}
        </span>
      </span>
    ),
  },
  { key: "versions", head: "Versions", hideBelow: "md", width: "w-36", cell: (row) => <span className="text-12 text-muted">{versionsOf(row)}</span> },
  { key: "course", head: "Course", hideBelow: "sm", width: "w-32", cell: (row) => <Sparkline values={row.days} label={`By day: ${row.days.join(", ")}`} color={5} /> },
  { key: "trend", head: "Trend", align: "end", width: "w-28", hideBelow: "sm", cell: (row) => <TrendBadge of={row} /> },
  { key: "size", head: "Failures", align: "end", width: "w-24", cell: (row) => count(row.size) },
  { key: "share", head: "Share", align: "end", width: "w-20", cell: (row) => percent(row.share, 0) },
];

function versionsOf({ versions }: Group): string {
  return Object.keys(versions).map((version) => (/^\d+$/.test(version) ? `v${version}` : version.replace(/^chain:/, "").replace(/@(\d+)$/, " v$1"))).join(", "); // prettier-ignore
}

function TrendBadge({ of: { trend } }: { of: Group }) {
  const words = `${count(trend.older)} → ${count(trend.newer)}`;
  if (trend.newer === trend.older) return <span className="text-muted">{words}</span>;
  const grows = trend.newer > trend.older;
  return (
    <Badge tone={grows ? "bad" : "ok"} icon={grows ? <TrendingUp size={12} aria-label="more" /> : <TrendingDown size={12} aria-label="fewer" />}>
      {words}
    </Badge>
  );
}

/** The prompt whose failures these are; '' where they are of several. */
function promptOf({ versions }: Group, asked: string): string {
  const slugs = new Set(Object.keys(versions).filter((version) => !version.startsWith("chain:")).map((version) => version.replace(/@\d+$/, "")));
  const [only = ""] = slugs;
  return asked || (slugs.size === 1 && !/^\d+$/.test(only) ? only : "");
}

function Starts({ group, prompt, onDataset }: { group: Group; prompt: string; onDataset: () => void }) {
  const may = useMay();
  return (
    <div className="mb-5 flex flex-wrap gap-2">
      <Button icon={<Database size={14} aria-hidden />} onClick={onDataset} disabled={!may.edit} why={needs("editor")}>
        Make a dataset
      </Button>
      {may.edit ? (
        <ButtonLink to="/optimize" search={{ new: "1", prompt: promptOf(group, prompt) }} icon={<Wand size={14} aria-hidden />}>
          Optimize
        </ButtonLink>
      ) : null}
    </div>
  );
}

function Detail({ group }: { group: Group }) {
  return (
    <div className="flex flex-col gap-5">
      <Facts
        facts={[
          group.confusion ? ["Taken for", `${group.confusion.expected} was answered as ${group.confusion.answered}`] : null,
          group.words.length > 0 ? ["Words", group.words.join(", ")] : null,
          ["Trend", `${plural(group.trend.older, "failure")} in the older half, ${count(group.trend.newer)} in the newer`],
          ["Versions", versionsOf(group)],
          ["Seen", `${day(group.first_at)} to ${day(group.last_at)}`],
        ]}
      />
      <ul className="flex flex-col gap-3">
        {group.examples.map((one, at) => (
          <li key={at} className="flex flex-col gap-2 rounded-m border border-line p-3 text-13">
            <div className="flex flex-wrap items-center gap-2 text-12 text-muted">
              <Badge>{SOURCES[one.source]}</Badge>{one.chain || one.prompt ? `${one.chain || one.prompt} ` : ""}v{one.version} <RelativeTime at={one.at} />
              <span className="ml-auto">
                {one.execution_id ? <TextLink to={`/runs/${one.execution_id}`}>Open the run</TextLink> : one.test_run_id ? <TextLink to={`/test-runs/${one.test_run_id}`}>Open the test run</TextLink> : null}
              </span>
            </div>
            <Said label="Asked" text={one.asked} />
            <Said label="Answered" text={one.answered} />
            <Said label="Expected" text={one.expected} />
            <Said label="Said" text={one.said} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function Said({ label, text: words }: { label: string; text: string | null | undefined }) {
  if (!words) return null;
  return (
    <div>
      <div className="text-12 text-muted">{label}</div>
      <p className="line-clamp-6 whitespace-break-spaces wrap-anywhere">{words}</p>
    </div>
  );
}
