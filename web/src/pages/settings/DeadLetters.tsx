import { useQueryClient } from "@tanstack/react-query";
import { MailX } from "lucide-react";
import { useState } from "react";
import type { Schema } from "@/api/client";
import { change, invalidate, read, useChange, useOpened, usePages, useRead } from "@/api/hooks";
import { After, Badge, Button, type Column, ConfirmDialog, Drawer, EmptyState, Facts, JsonView, Loaded, type Option, PagedTable, RelativeTime, Section, Select, Toolbar, toast, toastError } from "@/kit";
import { moment, plural } from "@/lib/format";
import { id, oneOf, over, text, useUrlState } from "@/lib/url-state";

type Letter = Schema<"DeadLetterAnswer">;
type Chosen = { ids: string[] } | { consumer: string };
type Giving = { chosen: Chosen; words: string };

const LETTERS = "/v1/dead-letters";
type State = Letter["state"];
const STATES: Option<State>[] = [
  { value: "waiting", label: "Waiting" },
  { value: "replayed", label: "Sent again" },
  { value: "ended", label: "Ended by themselves" },
];

// Names of their own: those of the other tabs stand in the same address.
const shape = { state: oneOf(["waiting", "replayed", "ended"], "waiting"), consumer: text(), letter: over(id()) };

/** Messages of the bus that no consumer could handle, of the whole installation: for the operator. */
export function DeadLetters() {
  const [{ state, consumer, letter }, set] = useUrlState(shape);
  const [giving, setGiving] = useState<Giving | null>(null);
  const pages = usePages(LETTERS, { query: { state, ...(consumer ? { consumer } : {}) } });
  const opened = useOpened(letter, pages.rows, "/v1/dead-letters/{dead_letter_id}", { path: { dead_letter_id: letter } }, { enabled: !pages.isPending });
  const counts = useRead(LETTERS, { query: { limit: 1 } });
  const waiting = counts.data?.waiting ?? [];
  const known = [...new Set([...waiting.map((one) => one.consumer), ...pages.rows.map((one) => one.consumer), ...(consumer ? [consumer] : [])])].sort();
  return (
    <Section title="Messages that could not be handled" description="Of the whole installation, for its operator. What they tell is missing from figures, webhooks or jobs until they are sent again.">
      {waiting.map((one) => (
        <OfConsumer key={one.consumer} {...one} onDiscard={() => setGiving({ chosen: { consumer: one.consumer }, words: `all ${plural(one.letters, "message")} of ${one.consumer} that wait` })} />
      ))}
      <After what={Boolean(counts.data ?? counts.error)}>
        <Toolbar>
          <Select compact aria-label="State" value={state} onChange={(next) => set({ state: next })} options={STATES} />
          <Select compact aria-label="Consumer" value={consumer} onChange={(next) => set({ consumer: next })} options={[{ value: "", label: "Every consumer" }, ...known.map((one) => ({ value: one, label: one }))]} />
        </Toolbar>
        <PagedTable
          label="Messages that could not be handled"
          columns={COLUMNS}
          pages={pages}
          rowKey={(row) => row.id}
          onOpen={(row) => set({ letter: row.id })}
          selected={letter}
          empty={
            <EmptyState icon={<MailX size={18} />} title={state === "waiting" ? "No message waits" : "None"}>
              {state === "waiting" ? "Every message was handled, sent again or given up." : "They are kept for 30 days."}
            </EmptyState>
          }
        />
      </After>
      {opened ? <One letter={opened} onClose={() => set({ letter: "" })} onDiscard={() => setGiving({ chosen: { ids: [opened.id] }, words: "this message" })} /> : null}
      {giving ? <GiveUp {...giving} onClose={(done) => (setGiving(null), done && set({ letter: "" }))} /> : null}
    </Section>
  );
}

const COLUMNS: Column<Letter>[] = [
  {
    key: "what",
    head: "Message",
    cell: (row) => (
      <span className="block min-w-0">
        <span className="block font-medium">{row.consumer}</span>
        <span className="block text-12 text-muted wrap-anywhere">{row.subject}</span>
      </span>
    ),
  },
  { key: "why", head: "Why", hideBelow: "sm", cell: (row) => <span className="text-13 wrap-anywhere">{row.reason}</span> },
  { key: "state", head: "State", width: "w-32", cell: (row) => <StateOf letter={row} /> },
  { key: "at", head: "Set aside", align: "end", width: "w-28", hideBelow: "md", cell: (row) => <RelativeTime at={row.at} className="text-muted" /> },
];

function StateOf({ letter }: { letter: Letter }) {
  if (letter.state === "replayed") return <Badge tone="ok">sent again</Badge>;
  if (letter.state === "ended") return <Badge>ended</Badge>;
  if (letter.payload_bytes === null) return <Badge tone="bad">lost</Badge>;
  return letter.sendable ? <Badge tone="warn">waiting</Badge> : <Badge tone="bad">cannot be sent</Badge>;
}

/** "12 sent again", and that `not` could not be. Pure. */
export function replayedWords(replayed: number, not: number): string {
  if (replayed === 0) return not ? "None can be sent again; they can only be discarded" : "Nothing was there to send again";
  return `${plural(replayed, "message")} sent again${not ? `; ${not} can only be discarded` : ""}`;
}

/** Hundred by hundred, until none is left that can be sent. How many were, and how many still wait. */
export async function sendAll(consumer: string, goOn: (sent: number) => void): Promise<[sent: number, not: number]> {
  for (let sent = 0; ; ) {
    const part = await change("post", "/v1/dead-letters/replay", { body: { consumer } });
    sent += part.replayed;
    goOn(sent);
    if (part.left > 0 && part.replayed > 0) continue;
    const { waiting } = await read(LETTERS, { query: { consumer, limit: 1 } });
    return [sent, waiting.find((one) => one.consumer === consumer)?.letters ?? 0];
  }
}

function OfConsumer({ consumer, letters, onDiscard }: { consumer: string; letters: number; onDiscard: () => void }) {
  const queries = useQueryClient();
  const [sent, setSent] = useState<number | null>(null);
  const send = async () => {
    setSent(0);
    try {
      toast(replayedWords(...(await sendAll(consumer, setSent))));
    } catch (error) {
      toastError(error);
    } finally {
      setSent(null);
      await invalidate(queries, [LETTERS]);
    }
  };
  return (
    <div className="mb-2 flex flex-wrap items-center gap-2">
      <span className="text-13">
        <b>{consumer}</b>: {plural(letters, "message waits", "messages wait")}
      </span>
      <Button size="s" busy={sent !== null} onClick={() => void send()}>
        {sent ? `${sent} sent` : "Send all again"}
      </Button>
      <Button size="s" onClick={onDiscard}>
        Discard all…
      </Button>
    </div>
  );
}

function One({ letter, onClose, onDiscard }: { letter: Letter; onClose: () => void; onDiscard: () => void }) {
  const found = useRead("/v1/dead-letters/{dead_letter_id}", { path: { dead_letter_id: letter.id } });
  const replay = useChange("post", "/v1/dead-letters/replay", { invalidates: [LETTERS] });
  const send = () =>
    replay.mutate({ body: { ids: [letter.id] } } as never, {
      onSuccess: (done) => (toast(replayedWords(done.replayed, done.lost.length + done.unsendable.length)), onClose()),
      onError: (error) => toastError(error),
    });
  return (
    <Drawer
      open
      onOpenChange={(open) => open || onClose()}
      title={letter.consumer}
      description={letter.subject}
      actions={
        <>
          <Button onClick={send} busy={replay.isPending} disabled={!letter.sendable} why={letter.payload_bytes === null ? "The message itself is lost." : "Nobody sends its subject any more."}>
            Send again
          </Button>
          <Button onClick={onDiscard}>Discard…</Button>
        </>
      }
    >
      <Facts
        facts={[
          ["State", <StateOf key="state" letter={letter} />],
          ["Why", letter.reason],
          ["Set aside", moment(letter.at)],
          letter.replayed_at ? ["Sent again", moment(letter.replayed_at)] : null,
          ["Tried", plural(letter.deliveries, "time")],
          ["Stream", `${letter.stream}, message ${letter.stream_seq}`],
          ["Size", letter.payload_bytes === null ? "lost" : plural(letter.payload_bytes, "byte")],
          ["Id", letter.id],
        ]}
      />
      <Loaded of={found}>
        {(one) => (
          <>
            {Object.keys(one.headers).length > 0 ? <JsonView label="Headers" value={one.headers} className="mt-4" /> : null}
            {one.outline !== null && one.outline !== undefined ? <JsonView label="Message, without what people wrote" value={one.outline} className="mt-4" /> : null}
            {one.outline === null && letter.payload_bytes !== null ? <p className="mt-4 text-13 text-muted">The message is no JSON.</p> : null}
          </>
        )}
      </Loaded>
    </Drawer>
  );
}

function GiveUp({ chosen, words, onClose }: Giving & { onClose: (done: boolean) => void }) {
  const discard = useChange("post", "/v1/dead-letters/discard", { invalidates: [LETTERS] });
  return (
    <ConfirmDialog
      open
      danger
      onOpenChange={(open) => open || onClose(false)}
      title={`Discard ${words}?`}
      submit="Discard for good"
      busy={discard.isPending}
      error={discard.error}
      onSubmit={() => discard.mutate({ body: chosen } as never, { onSuccess: (done) => (toast(`${plural(done.discarded, "message")} discarded`), onClose(true)) })}
    >
      What they tell is never handled: it stays missing from figures, webhooks or jobs. This cannot be taken back.
    </ConfirmDialog>
  );
}
