import { ScrollText } from "lucide-react";
import { useMemo } from "react";
import { useActors, useAuthors } from "@/api/authors";
import type { Schema } from "@/api/client";
import { useOpened, usePages } from "@/api/hooks";
import { Button, type Column, Combobox, CopyButton, Day, DownloadButton, Drawer, EmptyState, Facts, FilterBar, PagedTable, RelativeTime, SearchInput } from "@/kit";
import { betweenDays } from "@/lib/days";
import { over, text, useUrlState } from "@/lib/url-state";
import kinds from "./audit-kinds.json";
import { changesOf, objectOf, readable } from "./changes";

// All that the log ever holds, so that nobody takes what was not changed lately for what is not kept.
const KINDS = kinds.map((one) => ({ value: one, label: one.replaceAll("_", " ") }));

type Entry = Schema<"AuditEntry">;

const shape = { kind: text(), object: text(), action: text(), actor: text(), from: text(), until: text(), entry: over(text()) };

export function Audit() {
  const [{ entry, ...filters }, set] = useUrlState(shape);
  const { kind, object, action, actor, from, until } = filters;
  const nameOf = useAuthors();
  const columns = useMemo(() => columnsWith(nameOf), [nameOf]);
  const query = { object_kind: kind, object_id: object, action, actor, ...betweenDays(from, until) };
  const isFiltered = Object.values(filters).some(Boolean);
  const pages = usePages("/v1/audit", { query });
  const actors = useActors([actor, ...pages.rows.map((row) => row.actor)]);
  const opened = useOpened(entry, pages.rows, "/v1/audit/{audit_id}", { path: { audit_id: entry } }, { enabled: !pages.isPending });
  const file = `/v1/audit/export?${new URLSearchParams(Object.entries({ format: "csv", ...query }).flatMap(([name, value]) => (value ? [[name, value]] : [])))}`;
  return (
    <div className="flex flex-col gap-4">
      <FilterBar
        holding={Object.values(filters).filter(Boolean).length}
        filters={
          <>
            <Combobox label="Kind" value={kind || null} clear="Anything" choices={KINDS} onChange={(next) => set({ kind: next ?? "" })} />
            <SearchInput label="Id or name" most={300} placeholder="Its whole id or name" value={object} onChange={(next) => set({ object: next.trim() })} className="w-full sm:w-64" />
            <SearchInput label="Action begins with" most={300} placeholder="Begins with, such as prompt.label" value={action} onChange={(next) => set({ action: next.trim() })} className="w-full sm:w-72" />
            <Combobox label="By" value={actor || null} clear="Anybody" choices={actors} onChange={(next) => set({ actor: next ?? "" })} />
            <Day label="From" value={from} max={until} onChange={(next) => set({ from: next })} />
            <Day label="Until" value={until} min={from} onChange={(next) => set({ until: next })} />
          </>
        }
      >
        <span className="ml-auto">
          <DownloadButton path={file} name="audit.csv">
            CSV
          </DownloadButton>
        </span>
      </FilterBar>
      <PagedTable
        label="Changes"
        columns={columns}
        pages={pages}
        rowKey={(row) => row.id}
        onOpen={(row) => set({ entry: row.id })}
        selected={entry || null}
        empty={
          <EmptyState icon={<ScrollText size={18} />} title={isFiltered ? "Nothing like this was changed" : "Nothing was changed yet"} action={isFiltered ? <Button onClick={() => set({ kind: "", object: "", action: "", actor: "", from: "", until: "" })}>Show all</Button> : undefined}>
            Every change of configuration stands here for good: who, what, when, from where, before and after.
          </EmptyState>
        }
      />
      <Drawer open={Boolean(opened)} onOpenChange={(open) => !open && set({ entry: "" })} title={opened?.action ?? ""} description={opened ? <RelativeTime at={opened.at} /> : null}>
        {opened ? <Detail entry={opened} nameOf={nameOf} /> : null}
      </Drawer>
    </div>
  );
}

function columnsWith(nameOf: (actor: string) => string): Column<Entry>[] {
  return [
  { key: "action", head: "Action", cell: (row) => <span className="block min-w-0"><code className="block text-13 font-medium">{row.action}</code><span className="block text-12 text-muted wrap-anywhere">{objectOf(row, nameOf)}</span></span> },
  { key: "actor", head: "By", hideBelow: "sm", cell: (row) => <span title={row.actor} className="text-12 wrap-anywhere text-muted">{nameOf(row.actor)}</span> },
  { key: "at", head: "When", align: "end", width: "w-32", cell: (row) => <RelativeTime at={row.at} className="text-muted" /> },
  ];
}

function Detail({ entry, nameOf }: { entry: Entry; nameOf: (actor: string) => string }) {
  const changes = changesOf(readable(entry.before as Record<string, unknown> | null, nameOf), readable(entry.after as Record<string, unknown> | null, nameOf));
  return (
    <div className="flex flex-col gap-5">
      <Facts
        facts={[
          ["Who", <span key="who">{nameOf(entry.actor)} <code className="text-12 break-all text-muted">{entry.actor}</code></span>],
          ["From", entry.address ?? "unknown"],
          ["What", <span key="what">{objectOf(entry, nameOf)} <code className="text-12 break-all text-muted">{entry.object_id}</code></span>],
          entry.request_id ? ["Request", <span key="id" className="inline-flex items-center gap-1"><code className="break-all">{entry.request_id}</code><CopyButton text={entry.request_id} /></span>] : null,
        ]}
      />
      {changes.length === 0 ? (
        <p className="text-13 text-muted">It holds no fields.</p>
      ) : (
        <dl className="flex flex-col gap-3">
          {changes.map((one) => (
            <div key={one.name} className="rounded-m border border-line p-3">
              <dt className="text-12 font-medium text-muted">{one.name.replaceAll("_", " ")}</dt>
              {one.before === undefined ? null : <dd className="mt-1 text-13 wrap-anywhere"><span className="sr-only">before: </span><del className="rounded-s bg-bad-soft px-1 no-underline">{one.before}</del></dd>}
              {one.after === undefined ? null : <dd className="mt-1 text-13 wrap-anywhere"><span className="sr-only">after: </span><ins className="rounded-s bg-ok-soft px-1 no-underline">{one.after}</ins></dd>}
            </div>
          ))}
        </dl>
      )}
    </div>
  );
}
