import { CirclePlay, Columns3, Plus, Square } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useRead } from "@/api/hooks";
import { useModels, usualOf } from "@/api/models";
import { needs, useMay } from "@/api/session";
import { Button, Diff, Page, Section, SkeletonText } from "@/kit";
import type { Files } from "@/lib/attached";
import { classes } from "@/lib/classes";
import { firstPress } from "@/lib/first-press";
import { useKeys } from "@/lib/use-keys";
import { useCommands } from "@/shell/commands";
import { useHotkey } from "@/shell/keys";
import { ColumnCard } from "./ColumnCard";
import { SharedVariables } from "./SharedVariables";
import { SideBySide } from "./SideBySide";
import { type Asking, askedOf, comparedOf } from "./ask";
import { useRuns } from "./runs";
import { type Column, MOST_COLUMNS, type Playground, newColumn } from "./state";
import { useColumn } from "./useColumn";
import { usePlayground } from "./usePlayground";
import { useReplay } from "./useReplay";
import { sharedVariables } from "./variables";

const NO_FILES: Files = {};
const NAMES = ["A", "B", "C"] as const;

export default function PlaygroundPage() {
  const { isReady, given } = useReplay();
  return isReady ? <Loaded given={given} /> : <Page title="Playground"><SkeletonText lines={6} /></Page>;
}

/** Where nothing was asked for, the newest prompt is: nobody begins with an empty page. */
function useFirstPrompt(columns: readonly Column[], setColumn: (index: number, changes: Partial<Column>) => void) {
  const only = columns.length === 1 ? columns[0] : undefined;
  const [wanted] = useState(only?.kind === "prompt" && only.prompt === "");
  const prompts = useRead("/v1/prompts", { query: { sort: "updated", limit: 1 } }, { enabled: wanted, staleTime: Infinity });
  const newest = wanted ? prompts.data?.data[0]?.slug : undefined;
  const isEmpty = only?.kind === "prompt" && only.prompt === "";
  const done = useRef(false);
  // Whether it is still being found.
  const isComing = wanted && isEmpty && (prompts.isPending || (newest !== undefined && !done.current));
  useEffect(() => {
    if (!newest || done.current || !isEmpty) return;
    done.current = true;
    setColumn(0, { prompt: newest });
  }, [newest, isEmpty, setColumn]);
  return isComing;
}

function Loaded({ given }: { given: Playground | undefined }) {
  const may = useMay();
  const { models } = useModels();
  const { state, isWhole, setColumn, setValue, setFiles, set } = usePlayground(given);
  const isComing = useFirstPrompt(state.columns, setColumn);
  const { columns, values, files = NO_FILES } = state;
  const [first, second, third] = [useColumn(columns[0]), useColumn(columns[1]), useColumn(columns[2])];
  const facts = [first, second, third].slice(0, columns.length);
  const shared = sharedVariables(facts.map((one) => one.template));
  // The variables stand above the columns, and come with their prompts: both are shown at once, the first time.
  const [isShown, setShown] = useState(false);
  if (!isShown && !isComing && facts.every((one) => !one.isLoading)) setShown(true);
  const { runs, start, startAll, stop, stopAll, resume, remove } = useRuns();
  const [isComparing, setComparing] = useState(false);
  const [isChoosing, setChoosing] = useState(false);

  // As it was on coming here: what is chosen in one column is no choice of another.
  const fallbackModel = useMemo(() => usualOf(models) ?? "", [models]);
  // All that is attached is looked through for it, and answers that come draw the page anew many times.
  const asking: Asking[] = useMemo(() => columns.map((column, index) => askedOf(column, [first, second, third][index]!, values, fallbackModel, files)), [columns, first, second, third, values, fallbackModel, files]);
  const ready = asking.every((one) => "body" in one);
  const running = runs.slice(0, columns.length).map((run) => run?.phase === "running");
  const isRunning = running.some(Boolean);
  const run = (index: number) => {
    const asked = asking[index];
    const phase = runs[index]?.phase;
    // By its keys as well: one run at a time, each is paid for.
    if (phase === "running") return;
    if (phase === "lost") {
      resume(index);
      return;
    }
    if (may.run && asked && "body" in asked) start(index, asked);
  };
  const runAll = () => {
    const requests = asking.filter((one) => "body" in one);
    const isIdle = runs.slice(0, columns.length).every((one) => one?.phase !== "running" && one?.phase !== "lost");
    const together = may.run && isIdle && requests.length === columns.length ? comparedOf(requests) : null;
    if (together) startAll(requests, together);
    else columns.forEach((_, index) => run(index));
  };
  const add = useCallback(() => set((before) => (before.columns.length >= MOST_COLUMNS ? before : { ...before, columns: [...before.columns, newColumn({ ...before.columns.at(-1) })] })), [set]);
  const { keys, without } = useKeys(columns.length);
  const drop = (index: number) => {
    remove(index);
    without(index);
    set((before) => ({ ...before, columns: before.columns.filter((_, at) => at !== index) }));
  };

  useHotkey("mod+enter", runAll, ready && !isRunning);
  const commands = useMemo(
    () => [
      { id: "add-column", label: "Add a column", run: add },
      { id: "side-by-side", label: "Versions and models side by side", keywords: ["compare"], run: () => setChoosing(true) },
    ],
    [add, setChoosing],
  );
  useCommands(commands);

  const answered = runs.slice(0, columns.length).flatMap((one, index) => (one && one.text && one.phase !== "running" ? [{ name: NAMES[index] ?? "", text: one.text }] : []));
  const why = asking.map((one, index) => ("why" in one ? (columns.length > 1 ? `${NAMES[index]}: ${one.why}` : one.why) : "")).find(Boolean);
  return (
    <Page
      title="Playground"
      subtitle="The same question to up to three versions or models. Each run is recorded, and paid for as any other."
      actions={
        <>
          <Button icon={<Columns3 size={14} aria-hidden />} disabled={isRunning} why="Stop the runs first." onClick={() => setChoosing(true)}>
            Side by side…
          </Button>
          <Button icon={<Plus size={14} aria-hidden />} disabled={columns.length >= MOST_COLUMNS} why="Three columns are the most." onClick={add}>
            Add a column
          </Button>
          {isRunning ? (
            <Button icon={<Square size={12} aria-hidden className="fill-current" />} onClick={firstPress(stopAll)} className="min-w-24">
              {columns.length > 1 ? "Stop all" : "Stop"}
            </Button>
          ) : (
            <Button variant="primary" icon={<CirclePlay size={14} aria-hidden />} onClick={runAll} disabled={!ready || !may.run} why={may.run ? why : needs("editor")} className="min-w-24">
              {columns.length > 1 ? "Run all" : "Run"}
            </Button>
          )}
        </>
      }
    >
      {isWhole ? null : (
        <p role="status" className="text-12 text-muted">
          Some texts are too long for the address, or hold a file: they are gone after a reload, and whoever opens this address does not get them.
        </p>
      )}
      {shared.length > 0 ? <SharedVariables shared={shared} values={values} files={files} onChange={setValue} onFiles={setFiles} names={columns.length > 1 ? NAMES : null} onRun={runAll} /> : null}
      <div className={classes("grid items-start gap-4", !isShown && "invisible", columns.length === 2 && "md:grid-cols-2", columns.length === 3 && "md:grid-cols-2 lg:grid-cols-3")}>
        {columns.map((column, index) => (
          <ColumnCard
            key={keys[index]}
            name={NAMES[index] ?? ""}
            alone={columns.length === 1}
            column={column}
            facts={facts[index]!}
            asking={asking[index]!}
            run={runs[index] ?? null}
            variables={shared.map((one) => one.name)}
            fallbackModel={fallbackModel}
            onChange={(changes) => setColumn(index, changes)}
            onRun={() => run(index)}
            onStop={() => stop(index)}
            onResume={() => resume(index)}
            onRemove={() => drop(index)}
          />
        ))}
      </div>
      {isChoosing ? (
        <SideBySide
          columns={columns}
          onClose={() => setChoosing(false)}
          onTake={(made) => {
            setChoosing(false);
            // What the columns before said is no answer of these.
            for (let index = columns.length - 1; index >= 0; index--) remove(index);
            set((before) => ({ ...before, columns: made }));
          }}
        />
      ) : null}
      {answered.length > 1 ? (
        <Section
          title="Difference"
          actions={
            <Button size="s" aria-expanded={isComparing} onClick={() => setComparing(!isComparing)}>
              {isComparing ? "Hide" : "Show what differs"}
            </Button>
          }
        >
          {isComparing ? answered.slice(1).map((one) => <Diff key={one.name} label={`${answered[0]?.name} and ${one.name}`} before={answered[0]?.text ?? ""} after={one.text} beforeName={`${answered[0]?.name}`} afterName={one.name} />) : null}
        </Section>
      ) : null}
      {columns.length > 1 && runs.slice(0, columns.length).every((one) => one?.phase === "failed") ? <p className="text-13 text-muted">No column answered, so there is nothing to compare.</p> : null}
    </Page>
  );
}
