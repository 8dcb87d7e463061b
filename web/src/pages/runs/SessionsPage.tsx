import { MessagesSquare } from "lucide-react";
import { usePromptChoices } from "@/api/choices";
import type { Schema } from "@/api/client";
import { usePages } from "@/api/hooks";
import { Button, ButtonLink, type Column, Combobox, Day, EmptyState, FilterBar, Money, NavTabs, NumberCell, Page, PagedTable, RelativeTime, SearchInput, SimulatedBadge, SimulatedMark } from "@/kit";
import { betweenDays } from "@/lib/days";
import { count, plural } from "@/lib/format";
import { text, useUrlState } from "@/lib/url-state";
import { Views } from "@/pages/views/Views";
import { RUNS_TABS } from "./tabs";

type Session = Schema<"SessionListed">;

const shape = { prompt: text(), user: text(), since: text(), until: text() };
const NONE = { prompt: "", user: "", since: "", until: "" } as const;

const RUN = `curl $URL/v1/executions -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \\
  -d '{"prompt": "support-triage", "variables": {"ticket": "I was charged twice"}, "session_id": "chat-1", "user_id": "ann"}'`;

/** Conversations: runs that carry the same session id, the one that went on last first. */
export default function SessionsPage() {
  const [filters, set] = useUrlState(shape);
  const { prompt, user, since, until } = filters;
  const pages = usePages("/v1/sessions", { query: { prompt: prompt || undefined, user_id: user || undefined, ...betweenDays(since, until), limit: 50 } });
  const holding = Object.values(filters).filter(Boolean).length;
  return (
    <Page title="Sessions" subtitle="Conversations: runs that carry the same session id, the one that went on last first." actions={<Views place="sessions" shape={shape} />}>
      <NavTabs label="Runs" tabs={RUNS_TABS} />
      <FilterBar
        holding={holding}
        filters={
          <>
            <Combobox label="Prompt" value={prompt || null} clear="Any prompt" {...usePromptChoices(prompt)} onChange={(next) => set({ prompt: next ?? "" })} />
            <SearchInput label="End user" placeholder="End user's id" value={user} onChange={(next) => set({ user: next.trim() })} className="w-full sm:w-40" />
            <Day label="From" value={since} max={until} onChange={(next) => set({ since: next })} />
            <Day label="Until" value={until} min={since} onChange={(next) => set({ until: next })} />
          </>
        }
      >
        {pages.rows.some((row) => row.simulated) ? <SimulatedBadge /> : null}
      </FilterBar>
      <PagedTable
        label="Sessions"
        columns={COLUMNS}
        pages={pages}
        rowKey={(row) => row.session_id}
        rowLink={(row) => ({ to: `/sessions/${encodeURIComponent(row.session_id)}` })}
        empty={
          holding > 0 ? (
            <EmptyState title="No session matches" action={<Button onClick={() => set(NONE)}>Show all</Button>}>
              A session is found by any of its runs. Ids are compared as a whole.
            </EmptyState>
          ) : (
            <EmptyState icon={<MessagesSquare size={18} />} title="No run has a session yet" action={<ButtonLink to="/runs">All runs</ButtonLink>} code={RUN}>
              Runs that your application gives the same session_id are one conversation here.
            </EmptyState>
          )
        }
      />
    </Page>
  );
}

const COLUMNS: Column<Session>[] = [
  {
    key: "session",
    head: "Session",
    cell: (row) => (
      <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
        <span className="font-mono text-13 wrap-anywhere">{row.session_id}</span>
        {row.simulated ? <SimulatedMark /> : null}
      </span>
    ),
  },
  { key: "user", head: "End user", width: "w-36", hideBelow: "md", cell: (row) => <span className="block max-w-40 truncate text-muted" title={row.user_id ?? undefined}>{row.user_id ?? (row.users > 1 ? plural(row.users, "end user") : "–")}</span> },
  { key: "prompts", head: "Prompts", width: "w-44", hideBelow: "lg", cell: (row) => <span className="block max-w-56 truncate font-mono text-12 text-muted" title={row.prompts.join(", ")}>{row.prompts.join(", ") || "–"}</span> },
  { key: "runs", head: "Runs", align: "end", width: "w-24", cell: (row) => <Runs row={row} /> },
  { key: "said", head: "Said", align: "end", width: "w-28", hideBelow: "sm", cell: (row) => <Said row={row} /> },
  { key: "cost", head: "Cost", align: "end", width: "w-24", hideBelow: "sm", cell: (row) => <Money nusd={row.cost_nusd} /> },
  { key: "began", head: "Began", align: "end", width: "w-28", hideBelow: "xl", cell: (row) => <RelativeTime at={row.started_at} className="text-muted" /> },
  { key: "last", head: "Last run", align: "end", width: "w-28", cell: (row) => <RelativeTime at={row.last_at} className="text-muted" /> },
];

/** How many, and how many of them failed. Beyond a thousand nobody counts. */
function Runs({ row }: { row: Session }) {
  const failed = row.executions - row.successes;
  return (
    <span className="flex flex-col items-end">
      {row.is_cut ? <span className="numeric">over {count(row.executions)}</span> : <NumberCell value={row.executions} />}
      {failed > 0 ? <span className="text-12 text-muted">{count(failed)} failed</span> : null}
    </span>
  );
}

/** Thumbs, or that something else was said. */
function Said({ row }: { row: Session }) {
  const thumbs = [row.thumbs_up > 0 ? `${count(row.thumbs_up)} up` : "", row.thumbs_down > 0 ? `${count(row.thumbs_down)} down` : ""].filter(Boolean).join(", ");
  return <span className="text-muted">{thumbs || (row.reactions > 0 ? plural(row.reactions, "reaction") : "–")}</span>;
}
