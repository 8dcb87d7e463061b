import { useInfiniteQuery } from "@tanstack/react-query";
import { asApiError } from "@/api/errors";
import { type Answer, keyOf, read } from "@/api/hooks";
import { Badge, Button, Duration, EmptyState, ErrorState, Figures, Money, Page, Prose, RelativeTime, Section, SimulatedBadge, SkeletonText, StatusBadge, TextLink } from "@/kit";
import { RunComments } from "@/kit/comments/RunComments";
import { madeAt } from "@/kit/execution/made-at";
import { type ExecutionRow, type Reaction, isUnderway, textOf } from "@/kit/execution/types";
import { count, money, percent, plural, spaced } from "@/lib/format";
import { usePathParam } from "@/lib/pages";
import { text, useUrlState } from "@/lib/url-state";
import { EraseOfSession } from "./EraseLinks";
import { Reactions } from "./Feedback";
import { useRun } from "./Run";

const shape = { comment: text() };
const TURNS = 10;
const PATH = "/v1/sessions/{session_id}";

type Session = Answer<typeof PATH>;
type Turn = ExecutionRow & { feedback: Reaction[] };

/** One conversation: what was said, in its order, and what people thought of it. */
export default function SessionPage() {
  const id = usePathParam("id");
  const [{ comment }] = useUrlState(shape);
  const found = useInfiniteQuery({
    queryKey: [...keyOf(PATH, { path: { session_id: id } }), "turns"],
    queryFn: ({ pageParam, signal }) => read(PATH, { path: { session_id: id }, query: { limit: TURNS, ...(pageParam ? { cursor: pageParam } : {}) } }, signal),
    initialPageParam: "",
    getNextPageParam: (last: Session) => last.next_cursor ?? undefined,
  });
  const pages = found.data?.pages;
  const newest = pages?.at(-1);
  const turns = (pages ?? []).flatMap((page) => page.executions as unknown as Turn[]);
  const users = [...new Set([...turns, ...(newest?.feedback ?? [])].map((one) => one.user_id).filter((user) => user !== null && user !== undefined))];
  return (
    <Page title={`Session ${id}`} heading={<span className="font-mono text-20">{id}</span>} subtitle="A session: runs that belong to one conversation." back={{ to: "/sessions", label: "Sessions" }} actions={<EraseOfSession users={users} />}>
      {newest ? (
        <div className="flex max-w-4xl flex-col gap-6">
          <Totals session={newest} />
          {newest.feedback.length > 0 ? (
            <Section title="Feedback on the whole session">
              <Reactions reactions={newest.feedback} empty="" />
            </Section>
          ) : null}
          <Section title="Conversation">
            {turns.length === 0 ? <EmptyState title="No run has this session">What has no run yet may still have feedback.</EmptyState> : null}
            <ol aria-label="Conversation" className="flex flex-col gap-3">
              {turns.map((turn) => (
                <li key={turn.id}>
                  <Said turn={turn} />
                </li>
              ))}
            </ol>
            {found.hasNextPage ? (
              <div className="flex justify-center">
                <Button size="s" busy={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
                  Load more
                </Button>
              </div>
            ) : null}
          </Section>
          <RunComments key={`comments ${id} ${comment}`} of="session" id={id} wanted={comment} />
        </div>
      ) : found.error ? (
        <ErrorState error={asApiError(found.error)} onRetry={() => void found.refetch()} />
      ) : (
        <SkeletonText lines={6} />
      )}
    </Page>
  );
}

function Totals({ session }: { session: Session }) {
  const { totals } = session;
  return (
    <Figures
      figures={[
        { label: "Runs", value: count(totals.executions), note: totals.executions > totals.successes ? `${count(totals.executions - totals.successes)} without success` : "", badge: totals.simulated ? <SimulatedBadge /> : null },
        { label: "Tokens", value: count(totals.input_tokens + totals.output_tokens), note: `${count(totals.output_tokens)} out` },
        { label: "Cost", value: money(totals.cost_nusd) },
        { label: "Satisfaction", value: percent(totals.satisfaction, 0), note: plural(totals.reactions, "reaction") },
      ]}
    />
  );
}

/** One turn: what the user said last, and the answer. */
function Said({ turn }: { turn: Turn }) {
  const { data, error } = useRun(turn.id);
  const run = data && !isUnderway(data) ? data : null;
  const asked = run?.messages?.findLast((one) => one.role === "user");
  return (
    <article aria-label={`Run of ${turn.prompt ?? turn.model}`} className="overflow-hidden rounded-m border border-line bg-panel">
      <div className="flex min-h-16 flex-col gap-3 p-3">
        {run ? (
          <>
            {asked ? (
              <div className="border-l-2 border-line-strong pl-3 text-muted">
                <span className="sr-only">Asked: </span>
                <Prose text={textOf(asked)} plain className="text-13" />
              </div>
            ) : run.messages ? null : (
              <p className="text-13 text-muted">The text is not kept.</p>
            )}
            {run.output ? <Prose text={run.output} /> : <p className="text-13 text-muted">{(run.error && spaced(run.error.message)) ?? (run.tool_calls ? "The model called tools." : "Nothing came.")}</p>}
          </>
        ) : error ? (
          <p className="text-13 text-muted">{asApiError(error).message}</p>
        ) : (
          <SkeletonText lines={2} />
        )}
      </div>
      <footer className="flex flex-wrap items-center gap-x-3 gap-y-1 border-t border-line px-3 py-1.5 text-12 text-muted">
        <StatusBadge status={turn.status} />
        {turn.prompt ? <span className="font-mono wrap-anywhere">{turn.prompt}</span> : <span>{turn.model}</span>}
        {turn.version === null ? null : <Badge>v{turn.version}</Badge>}
        <Duration ms={turn.latency_ms} />
        <Money nusd={turn.cost_nusd} />
        {turn.feedback.some((one) => one.thumb === "up") ? <Badge tone="ok">good</Badge> : null}
        {turn.feedback.some((one) => one.thumb === "down") ? <Badge tone="bad">bad</Badge> : null}
        <span className="ml-auto flex items-center gap-3">
          <RelativeTime at={madeAt(turn)} />
          <TextLink to={`/runs/${turn.id}`}>This run</TextLink>
        </span>
      </footer>
    </article>
  );
}
