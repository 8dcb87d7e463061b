import { useEffect } from "react";
import { useAuthors } from "@/api/authors";
import type { Schema } from "@/api/client";
import { usePages } from "@/api/hooks";
import { Badge, Button, Diff, EmptyState, ErrorState, RelativeTime, Select, SkeletonText } from "@/kit";
import { amid } from "@/lib/format";
import { numberOrText, useUrlState } from "@/lib/url-state";
import { NoVersion } from "@/pages/prompts/VersionList";
import { type Evaluator, settingsText } from "./evaluator";

const shape = { v: numberOrText(), with: numberOrText() };
/** In an address: compare with nothing. */
const NOTHING = 0;

/** Each version with why it was made, and what changed from the one before, or from any other. */
export function Versions({ evaluator }: { evaluator: Evaluator }) {
  const [{ v, with: other }, set] = useUrlState(shape);
  const nameOf = useAuthors();
  const pages = usePages("/v1/evaluators/{evaluator_id}/versions", { path: { evaluator_id: evaluator.id }, query: { limit: 200 } });
  const rows = pages.rows;
  const at = (version: number | string) => rows.find((one) => one.version === version);
  const shown = v === null ? (at(evaluator.version) ?? rows[0]) : at(v);
  const against = shown && at(other ?? shown.version - 1);
  const missing = v !== null && shown === undefined ? v : other !== null && other !== NOTHING && against === undefined ? other : null;
  // Only the whole list knows that there is no such version.
  const isSought = typeof missing === "number" && pages.hasMore;
  const { loadMore, isLoadingMore } = pages;
  useEffect(() => {
    if (isSought && !isLoadingMore) loadMore();
  }, [isSought, isLoadingMore, loadMore]);
  if (pages.isPending || (isSought && !pages.error)) return <SkeletonText lines={6} />;
  if (pages.error && (rows.length === 0 || isSought)) return <ErrorState error={pages.error} onRetry={pages.retry} />;
  return (
    <div className="grid items-start gap-6 md:grid-cols-[16rem_minmax(0,1fr)]">
      <div>
        <ol aria-label="Versions" className="flex flex-col overflow-hidden rounded-m border border-line bg-panel">
          {rows.map((one) => (
            <li key={one.version} className="border-b border-line last:border-b-0">
              <button type="button" aria-current={one === shown} onClick={() => set({ v: one.version, with: null })} className="flex w-full flex-col gap-0.5 px-3 py-2 text-left text-13 hover:bg-sunken aria-[current=true]:bg-accent-soft">
                <span className="flex items-center gap-2">
                  <span className="font-medium">v{one.version}</span>
                  {one.version === evaluator.version ? <Badge tone="ok">scores now</Badge> : null}
                </span>
                {one.message ? <span className="wrap-anywhere">{one.message}</span> : null}
                <span className="text-12 text-muted">
                  <RelativeTime at={one.created_at} /> by {amid(nameOf(one.created_by))}
                </span>
              </button>
            </li>
          ))}
        </ol>
        {pages.hasMore ? (
          <Button size="s" className="mt-2" onClick={loadMore} busy={isLoadingMore}>
            Load more
          </Button>
        ) : null}
      </div>
      {shown === undefined || missing !== null ? (
        <NoVersion version={missing ?? evaluator.version} newest={evaluator.version} onNewest={() => set({ v: null, with: null })} />
      ) : (
        <Shown rows={rows} shown={shown} against={against?.version === shown.version ? undefined : against} onCompare={(next) => set({ with: next })} />
      )}
    </div>
  );
}

type Version = Schema<"burnish_gateway__evaluators__bodies__VersionAnswer">;

function Shown({ rows, shown, against, onCompare }: { rows: readonly Version[]; shown: Version; against: Version | undefined; onCompare: (version: number) => void }) {
  return (
    <div className="flex min-w-0 flex-col gap-3">
      {rows.length > 1 ? (
        <div>
          <Select compact aria-label="Compare with" value={against ? String(against.version) : null} empty="Compare with nothing" onChange={(next) => onCompare(next ? Number(next) : NOTHING)} options={rows.filter((one) => one !== shown).map((one) => ({ value: String(one.version), label: `Compare with v${one.version}` }))} />
        </div>
      ) : null}
      {against ? (
        <Diff label="Settings" before={settingsText(against.settings)} after={settingsText(shown.settings)} beforeName={`v${against.version}`} afterName={`v${shown.version}`} />
      ) : (
        <pre aria-label={`Settings of v${shown.version}`} className="rounded-m border border-line bg-sunken px-3 py-2.5 text-12 leading-5 whitespace-break-spaces wrap-anywhere">
          {settingsText(shown.settings)}
        </pre>
      )}
      {rows.length === 1 ? <EmptyState title="One version so far">Another rubric, pattern or code is a new version: what changed stands here then, and scores are never mixed.</EmptyState> : null}
    </div>
  );
}
