import { History } from "lucide-react";
import { useState } from "react";
import { useAuthors } from "@/api/authors";
import { asApiError } from "@/api/errors";
import type { Pages } from "@/api/hooks";
import { Badge, Button, EmptyState, Lines, RelativeTime, Select } from "@/kit";
import { classes } from "@/lib/classes";
import { MAIN } from "./line";

/** A version of a prompt or of a chain, in a list. */
export type VersionRow = { version: number; base_version: number | null; message: string; author: string; created_at: string; branch?: string | null; status?: string; source?: string };
type Rows = Pages<VersionRow> & { readonly isFetching: boolean };

/** Which version is shown, and against which. `v`, `against`: what the address says. */
export function useChosenVersion(pages: Rows, v: number | null, against: number | null): { chosen: number | null; other: number | null } {
  const [first, setFirst] = useState<number | null>(null);
  const newest = pages.rows[0]?.version ?? null;
  // The newest as it was when one came, once the list knows what one saved just before: a version that is saved meanwhile stands in the list,
  // and takes nothing away that one reads, or writes about.
  if (first === null && newest !== null && !pages.isFetching) setFirst(newest);
  const chosen = v ?? first ?? newest;
  const row = pages.rows.find((one) => one.version === chosen);
  return { chosen, other: against ?? row?.base_version ?? (chosen !== null && chosen > 1 ? chosen - 1 : null) };
}

/** Whether what was read says that there is no such version; 422 is said of a number that none can have. */
export const isNoVersion = (error: unknown) => error !== null && error !== undefined && [404, 422].includes(asApiError(error).status);

/** Whether nobody knows yet that there is such a version: it is not among those that are listed so far, and was not read. */
export const isOnItsWay = (rows: readonly VersionRow[], version: number | null, { data, error }: { data: unknown; error: unknown }) =>
  version !== null && data === undefined && !error && !rows.some((row) => row.version === version);

type Named = number | string | null;
/** The number by which an address names a version; null: it names none, or writes what can be no number. */
export const numberOf = (named: Named): number | null => (typeof named === "number" ? named : null);

/** The first of these names that can be no version's number; undefined: each can, or says nothing. */
export const noNumberOf = (...named: Named[]): string | undefined => named.find((one) => typeof one === "string");

/** In place of a version that an address names and nobody saved. The list stands beside it. */
export function NoVersion({ version, newest, onNewest }: { version: number | string; newest: number; onNewest: () => void }) {
  return (
    <EmptyState icon={<History size={18} />} title={`There is no version ${version}`} action={<Button onClick={onNewest}>Show the newest, v{newest}</Button>}>
      The versions that there are stand in the list.
    </EmptyState>
  );
}

export function VersionList({ pages, labels, chosen, onChoose }: { pages: Rows; labels: Record<string, number>; chosen: number | null; onChoose: (version: number) => void }) {
  const at = (version: number) => Object.entries(labels).flatMap(([label, stands]) => (stands === version ? [label] : []));
  return (
    <div>
      <Lines label="Versions" ordered className="flex max-h-[70dvh] flex-col overflow-y-auto rounded-l border border-line">
        {pages.rows.map((one) => (
          <Row key={one.version} item={one} labels={at(one.version)} isChosen={one.version === chosen} onChoose={() => onChoose(one.version)} />
        ))}
      </Lines>
      {pages.hasMore ? (
        <Button size="s" className="mt-2" onClick={pages.loadMore} busy={pages.isLoadingMore}>
          Load more
        </Button>
      ) : null}
    </div>
  );
}

function Row({ item, labels, isChosen, onChoose }: { item: VersionRow; labels: string[]; isChosen: boolean; onChoose: () => void }) {
  const nameOfAuthor = useAuthors();
  return (
    <li className="border-b border-line last:border-b-0">
      <button type="button" aria-current={isChosen ? "true" : undefined} onClick={onChoose} className={classes("flex w-full flex-col gap-0.5 px-3 py-2 text-left -outline-offset-2 hover:bg-sunken", isChosen && "bg-accent-soft!")}>
        <span className="flex flex-wrap items-center gap-1.5">
          <span className="numeric text-13 font-medium">v{item.version}</span>
          {labels.map((label) => (
            <Badge key={label} tone={label === "production" ? "ok" : "neutral"}>
              {label}
            </Badge>
          ))}
          {item.branch && item.branch !== MAIN ? <Badge>{item.branch}</Badge> : null}
          {(item.status ?? "draft") === "draft" ? null : <Badge tone={item.status === "approved" ? "ok" : "warn"}>{item.status === "approved" ? "approved" : "in review"}</Badge>}
          {(item.source ?? "manual") === "manual" ? null : <Badge tone="accent">{item.source}</Badge>}
        </span>
        {item.message ? <span className="line-clamp-2 text-13 wrap-anywhere">{item.message}</span> : null}
        <span className={classes("text-12", isChosen ? "text-fg" : "text-muted")}>
          <bdi>{nameOfAuthor(item.author)}</bdi>, <RelativeTime at={item.created_at} />
          {item.base_version !== null && item.base_version !== item.version - 1 ? `, over v${item.base_version}` : ""}
        </span>
      </button>
    </li>
  );
}

/** What the chosen version is compared with. */
export function Against({ rows, chosen, other, onChange }: { rows: readonly VersionRow[]; chosen: number; other: number; onChange: (version: number) => void }) {
  const known = [...new Set([...rows.map((row) => row.version), other])].filter((one) => one !== chosen).sort((a, b) => b - a);
  return (
    <>
      <span className="text-13 font-normal text-muted">against</span>
      <Select compact aria-label="Against which version" value={String(other)} onChange={(next) => onChange(Number(next))} options={known.map((one) => ({ value: String(one), label: `v${one}` }))} />
    </>
  );
}

/** Where each label stands, which leads to where it has been. */
export function LabelChips({ labels, onHistory }: { labels: Record<string, number>; onHistory: (label: string) => void }) {
  const placed = Object.entries(labels).filter(([label]) => label !== "latest");
  return (
    <ul aria-label="Labels" className="flex flex-wrap gap-2">
      {placed.length === 0 ? <li className="text-13 text-muted">No label yet: calls need one, or a version's number.</li> : null}
      {placed.map(([label, version]) => (
        <li key={label}>
          <Button size="s" icon={<History size={12} aria-hidden />} onClick={() => onHistory(label)}>
            {label} <span className="numeric text-muted">v{version}</span>
            <span className="font-normal text-muted">{version > 1 ? "History, roll back" : "History"}</span>
          </Button>
        </li>
      ))}
    </ul>
  );
}
