import { Check, Inbox, Pencil, SkipForward, Undo2, X } from "lucide-react";
import { type KeyboardEvent, useRef, useState } from "react";
import { useAuthors } from "@/api/authors";
import { usePromptChoices } from "@/api/choices";
import { usePages, useRead } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Badge, Button, type Column, Combobox, EmptyState, ErrorState, Facts, Field, Figures, NavTabs, Page, PagedTable, Prose, RelativeTime, Section, Select, SimulatedBadge, SkeletonText, Tabs, TextLink, Textarea, Toolbar } from "@/kit";
import { count, percent } from "@/lib/format";
import { maybeOneOf, oneOf, over, text, useUrlState } from "@/lib/url-state";
import { MOD, useHotkey } from "@/shell/keys";
import { Asked, DecidedDrawer, VerdictBadge } from "./DecidedDrawer";
import { type Detail, type Listed, REASONS, type Reason, saidOf } from "./queue";
import { QueueSettings } from "./QueueSettings";
import { type Act, useQueue } from "./useQueue";

const TABS = [
  { to: "/datasets", label: "Datasets" },
  { to: "/review", label: "Review queue" },
] as const;
const ORDER = Object.keys(REASONS) as Reason[];
const shape = { tab: oneOf(["queue", "decided"], "queue"), prompt: text(), reason: maybeOneOf(ORDER), item: over(text()) };

/** Answers that a person should look at, one after the other. */
export default function ReviewPage() {
  const [{ tab, prompt, reason, item }, set] = useUrlState(shape);
  const [settings, setSettings] = useState(false);
  const may = useMay();
  const prompts = usePromptChoices(prompt);
  const progress = useRead("/v1/review/progress", { query: { prompt } });
  const far = progress.data;
  return (
    <Page
      title="Review queue"
      subtitle="Answers that a person should look at. What is decided becomes an item of a dataset."
      actions={
        <Button onClick={() => setSettings(true)} disabled={!may.edit} why={needs("editor")}>
          What is queued…
        </Button>
      }
    >
      <NavTabs label="Datasets" tabs={TABS} />
      <Toolbar>
        <Combobox label="Prompt" value={prompt || null} clear="All prompts" {...prompts} onChange={(next) => set({ prompt: next ?? "" })} className="max-w-60" />
        <Select compact aria-label="Why it is queued" empty="For any reason" value={reason} onChange={(next) => set({ reason: next || null })} options={ORDER.map((one) => ({ value: one, label: REASONS[one] }))} />
      </Toolbar>
      {/* On a phone the answer comes first: three figures would fill the screen before it. */}
      <div className="max-md:order-last">
        <Figures
          label="Progress"
          isStale={progress.isPlaceholderData}
          figures={[
            { label: "Waiting", value: far ? count(far.waiting) : "–", note: far ? `${count(far.claimed)} of them being looked at` : "" },
            { label: "Decided", value: far ? count(far.decided) : "–", note: far ? `${count(far.corrected)} corrected` : "" },
            { label: "Good", value: far ? percent(far.decided ? far.good / far.decided : null) : "–", note: "of what was decided" },
          ]}
        />
      </div>
      <Tabs
        label="Parts of the queue"
        value={tab}
        onChange={(next) => set({ tab: next, item: "" }, { push: true })}
        tabs={[
          { id: "queue", label: "To review", content: <Queue key={`${prompt} ${reason}`} prompt={prompt || null} reason={reason} /> },
          { id: "decided", label: "Decided", content: <Decided prompt={prompt} item={item} onOpen={(next) => set({ item: next })} /> },
        ]}
      />
      {settings ? <QueueSettings prompt={prompt || null} onClose={() => setSettings(false)} /> : null}
    </Page>
  );
}

type Wanted = { prompt: string | null; reason: Reason | null };

function Queue(wanted: Wanted) {
  const may = useMay();
  const { item, error, decide, undo, look, written } = useQueue(wanted, may.edit);
  useHotkey("y", () => decide({ verdict: "good" }), Boolean(item));
  useHotkey("x", () => decide({ verdict: "bad" }), Boolean(item));
  useHotkey("s", () => decide("skip"), Boolean(item));
  useHotkey("u", () => undo?.(), undo !== null);

  if (!may.edit) return <EmptyState title="Editors review">A viewer sees what was decided, and how far it is.</EmptyState>;
  if (error) return <ErrorState error={error} onRetry={look} />;
  if (item === undefined) return <SkeletonText lines={6} />;
  if (item === null) {
    return (
      <EmptyState
        icon={<Inbox size={18} />}
        title="Nothing waits"
        action={
          <>
            <Button onClick={look}>Look again</Button>
            {undo ? <TakeBack onClick={undo} /> : null}
          </>
        }
      >
        What is rated low or corrected comes here by itself; a random share too, if you want it (“What is queued…”).
      </EmptyState>
    );
  }
  return <Card key={item.id} item={item} written={written.get(item.id)} onWrite={(text) => written.set(item.id, text)} onDecide={decide} onUndo={undo} />;
}

function TakeBack({ onClick }: { onClick: () => void }) {
  return (
    <Button variant="ghost" icon={<Undo2 size={14} aria-hidden />} onClick={onClick}>
      Take the last back <Key>u</Key>
    </Button>
  );
}

type CardProps = { item: Detail; /** What was written to it before it went. */ written: string | undefined; onWrite: (text: string) => void; onDecide: (act: Act) => void; /** Takes the last decision back; null where there is none. */ onUndo: (() => void) | null };

function Card({ item, written, onWrite, onDecide, onUndo }: CardProps) {
  const begun = written ?? item.suggested;
  const [correcting, setCorrecting] = useState(begun !== null);
  const [expected, setExpected] = useState(begun ?? "");
  const box = useRef<HTMLTextAreaElement>(null);
  const correct = () => {
    setCorrecting(true);
    box.current?.focus();
  };
  const write = (text: string) => {
    setExpected(text);
    onWrite(text);
  };
  useHotkey("c", correct);
  const byKey = (event: KeyboardEvent<HTMLFormElement>) => {
    if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) event.currentTarget.requestSubmit();
    // The keys of one letter are heard again.
    else if (event.key === "Escape") box.current?.blur();
    else return;
    event.preventDefault();
  };
  const said = saidOf(item);
  const nameOf = useAuthors();
  return (
    <article aria-label="Answer to review" className="grid items-start gap-5 lg:grid-cols-[minmax(0,1fr)_20rem]">
      <div className="flex min-w-0 flex-col gap-4">
        <Section title="Asked" framed>
          <Asked of={item} />
        </Section>
        <Section title="Answered" framed>
          <Prose text={item.output ?? ""} />
        </Section>
        {correcting ? (
          <form
            className="flex flex-col items-start gap-2"
            onKeyDown={byKey}
            onSubmit={(event) => {
              event.preventDefault();
              if (expected.trim()) onDecide({ expected });
            }}
          >
            <div className="w-full">
              <Field label="What would have been right" hint={item.suggested ? "As somebody wrote in feedback; change it if it is not quite that." : undefined}>
                <Textarea ref={box} autoFocus={written !== undefined || item.suggested === null} rows={3} value={expected} onChange={(event) => write(event.target.value)} />
              </Field>
            </div>
            <Button type="submit" variant="primary" disabled={!expected.trim()}>
              Save the correction <Key>{`${MOD}Enter`}</Key>
            </Button>
          </form>
        ) : null}
        <div className="flex flex-wrap gap-2">
          <Button icon={<Check size={14} aria-hidden />} onClick={() => onDecide({ verdict: "good" })}>
            Good <Key>y</Key>
          </Button>
          <Button icon={<X size={14} aria-hidden />} onClick={() => onDecide({ verdict: "bad" })}>
            Bad <Key>x</Key>
          </Button>
          {correcting ? null : (
            <Button icon={<Pencil size={14} aria-hidden />} onClick={correct}>
              Correct… <Key>c</Key>
            </Button>
          )}
          <Button variant="ghost" icon={<SkipForward size={14} aria-hidden />} onClick={() => onDecide("skip")}>
            Skip <Key>s</Key>
          </Button>
          {onUndo ? <TakeBack onClick={onUndo} /> : null}
        </div>
      </div>
      <Section title="About it" framed>
        <p className="flex flex-wrap gap-1">
          {item.reasons.map((one) => (
            <Badge key={one} tone="accent">
              {REASONS[one]}
            </Badge>
          ))}
          {item.simulated ? <SimulatedBadge /> : null}
        </p>
        {said.length > 0 ? (
          <ul className="flex flex-col gap-1 text-13">
            {said.map((one, at) => (
              <li key={at} className="wrap-anywhere">
                {one}
              </li>
            ))}
          </ul>
        ) : null}
        <Facts
          facts={[
            item.prompt ? ["Prompt", <TextLink key="prompt" to={`/prompts/${item.prompt}`}>{`${item.prompt} v${item.version ?? "?"}`}</TextLink>] : null,
            ["Model", <code key="model" className="text-12">{item.model}</code>],
            ["Queued", <RelativeTime key="at" at={item.added_at} />],
            ["Run", <TextLink key="run" to={`/runs/${item.execution_id}`}>Open the run</TextLink>],
            item.note ? ["Note", item.note] : null,
            item.assigned_to ? ["Asked", nameOf(`user:${item.assigned_to}`)] : null,
          ]}
        />
      </Section>
    </article>
  );
}

function Key({ children }: { children: string }) {
  return <kbd className="ml-1 rounded-s finger:hidden border border-line-strong/60 px-1 font-mono text-12 text-muted">{children}</kbd>;
}

const COLUMNS: Column<Listed>[] = [
  { key: "verdict", head: "Verdict", width: "w-28", cell: (row) => <VerdictBadge of={row} /> },
  { key: "asked", head: "Asked", hideBelow: "sm", cell: (row) => <span className="line-clamp-2 text-13 wrap-anywhere">{row.question ?? "–"}</span> },
  { key: "expected", head: "Expected, or a note", cell: (row) => <span className="line-clamp-2 text-13 wrap-anywhere">{row.expected ?? row.note ?? "–"}</span> },
  { key: "prompt", head: "Prompt", width: "w-48", hideBelow: "md", cell: (row) => (row.prompt ? `${row.prompt} v${row.version ?? "?"}` : "–") },
  { key: "why", head: "Why it was queued", width: "w-44", hideBelow: "lg", cell: (row) => row.reasons.map((one) => REASONS[one]).join(", ") },
  { key: "at", head: "Decided", width: "w-32", cell: (row) => (row.decided_at ? <RelativeTime at={row.decided_at} /> : "–") },
];

function Decided({ prompt, item, onOpen }: { prompt: string; item: string; onOpen: (id: string) => void }) {
  const pages = usePages("/v1/review", { query: { status: "decided", prompt } });
  const nameOf = useAuthors();
  const by: Column<Listed> = { key: "by", head: "By", width: "w-36", hideBelow: "sm", cell: (row) => <span className="wrap-anywhere">{row.decided_by === null ? "–" : nameOf(row.decided_by)}</span> };
  return (
    <>
      <PagedTable
        label="Decided"
        columns={[...COLUMNS, by]}
        pages={pages}
        rowKey={(row) => row.id}
        onOpen={(row) => onOpen(row.id)}
        selected={item || null}
        empty={<EmptyState title="Nothing decided yet">What you call good, bad or correct stands here.</EmptyState>}
      />
      <DecidedDrawer id={item} onClose={() => onOpen("")} />
    </>
  );
}
