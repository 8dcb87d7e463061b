import { Combine, FileText } from "lucide-react";
import { useState } from "react";
import { usePages, useRead } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Badge, Button, ButtonLink, type Column, Drawer, EmptyState, Facts, JsonView, Loaded, Money, NavTabs, Notice, NumberCell, Page, PagedTable, Percent, Prose, RelativeTime, Section, Select, SimulatedBadge, SimulatedMark, TextLink, Toolbar } from "@/kit";
import { ago, count, percent, plural, shortId } from "@/lib/format";
import { oneOf, over, text, useUrlState } from "@/lib/url-state";
import { RUNS_TABS } from "../runs/tabs";
import { MakePrompt } from "./MakePrompt";
import { type Group, callWords, groupName, liking } from "./model";

const DAYS = [
  { value: "7", label: "Last 7 days" },
  { value: "30", label: "Last 30 days" },
  { value: "90", label: "Last 90 days" },
] as const;
const shape = { days: oneOf(["7", "30", "90"], "7"), group: over(text()) };

const CODE = `curl $URL/v1/executions -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \\
  -d '{"model": "simulated/chat", "prompt_key": "bakery-desk", "messages": [
       {"role": "system", "content": "You are the help desk of a bakery."},
       {"role": "user", "content": "Are you open on Sundays?"}]}'`;

/** Calls that bring their own messages, grouped, and made prompts. */
export default function GroupsPage() {
  const [{ days, group }, set] = useUrlState(shape);
  const pages = usePages("/v1/execution-groups", { query: { days: Number(days) } });
  return (
    <Page title="Calls without a prompt" subtitle="What your applications ask with messages of their own, grouped by prompt_key or by the same instructions.">
      <NavTabs label="Runs" tabs={RUNS_TABS} />
      <Toolbar>
        <Select compact aria-label="Days" value={days} onChange={(next) => set({ days: next })} options={DAYS} />
      </Toolbar>
      <PagedTable
        label="Groups"
        columns={COLUMNS}
        pages={pages}
        rowKey={(row) => row.group_key}
        onOpen={(row) => set({ group: row.group_key }, { push: true })}
        selected={group || null}
        empty={
          <EmptyState icon={<Combine size={18} />} title={`No such calls in ${days} days`} action={days === "90" ? undefined : <Button onClick={() => set({ days: "90" })}>Look back 90 days</Button>} code={CODE}>
            Calls with messages and instructions of their own are gathered here. Any group can become a prompt, with its history.
          </EmptyState>
        }
      />
      <Drawer open={group !== ""} onOpenChange={(open) => (open ? undefined : set({ group: "" }))} title="Calls that belong together" description={<code className="text-12 wrap-anywhere">{group}</code>}>
        {group ? <Whole key={group} groupKey={group} /> : null}
      </Drawer>
    </Page>
  );
}

const COLUMNS: Column<Group>[] = [
  {
    key: "name",
    head: "Group",
    cell: (row) => (
      <span className="flex flex-wrap items-center gap-x-2 gap-y-1 py-1">
        <span className="font-medium wrap-anywhere">{groupName(row)}</span>
        {row.prompt ? <Badge tone="ok">is {row.prompt}</Badge> : null}
        {row.simulated ? <SimulatedMark /> : null}
      </span>
    ),
  },
  { key: "calls", head: "Calls", align: "end", width: "w-20", cell: (row) => <NumberCell value={row.executions} /> },
  { key: "good", head: "Succeeded", align: "end", width: "w-24", hideBelow: "md", cell: (row) => percent(row.executions > 0 ? row.successes / row.executions : null) },
  { key: "liked", head: "Liked", align: "end", width: "w-24", hideBelow: "sm", cell: (row) => <Liked row={row} /> },
  { key: "model", head: "Model", width: "w-44", hideBelow: "lg", cell: (row) => <span className="block max-w-56 truncate text-muted">{row.model}</span> },
  { key: "cost", head: "Cost", align: "end", width: "w-24", cell: (row) => <Money nusd={row.cost_nusd} /> },
  { key: "last", head: "Last call", align: "end", width: "w-28", hideBelow: "md", cell: (row) => <RelativeTime at={row.last_at} className="text-muted" /> },
];

function Liked({ row }: { row: Pick<Group, "feedback"> }) {
  const found = liking(row);
  return found ? <Percent share={found.share} samples={found.samples} /> : <span className="text-muted">–</span>;
}

function Whole({ groupKey }: { groupKey: string }) {
  const may = useMay();
  const found = useRead("/v1/execution-groups/{group_key}", { path: { group_key: groupKey } });
  const [making, setMaking] = useState(false);
  return (
    <Loaded of={found}>
      {(one) => (
        <div className="flex min-w-0 flex-col gap-5">
          {one.prompt ? (
            <Notice tone="ok" title={`It is the prompt ${one.prompt} now.`} action={<ButtonLink size="s" to={`/prompts/${one.prompt}`}>Open it</ButtonLink>}>
              {one.history_complete ? `${plural(one.moved ?? 0, "call")} of before count for it.` : `Calls of before follow: ${count(one.moved ?? 0)} so far.`}
            </Notice>
          ) : (
            <div className="flex flex-wrap items-center gap-3">
              <Button variant="primary" icon={<FileText size={14} aria-hidden />} disabled={!may.editPrompts} why={needs(may.edit ? "admin" : "editor")} onClick={() => setMaking(true)}>
                Make a prompt of it
              </Button>
              <span className="text-13 text-muted">Your application goes on as it is; its calls count for the prompt.</span>
            </div>
          )}
          <Facts
            facts={[
              ["Calls", callWords(one)],
              ["Cost", <Money key="c" nusd={one.cost_nusd} />],
              ["Liked", <Liked key="l" row={one} />],
              ["Model", <span key="m" className="flex flex-wrap items-center gap-2">{one.model}{one.simulated ? <SimulatedBadge /> : null}</span>],
              ago(one.first_at) === ago(one.last_at) ? ["When", <RelativeTime key="f" at={one.last_at} />] : ["First and last", <span key="f"><RelativeTime at={one.first_at} />, <RelativeTime at={one.last_at} /></span>],
            ]}
          />
          <Section title="Instructions">{one.instructions === null ? <p className="text-13 text-muted">Their text is not kept.</p> : <Prose text={one.instructions} />}</Section>
          {one.settings && Object.keys(one.settings).length > 0 ? <JsonView label="Settings of the newest call" value={one.settings} /> : null}
          {one.newest.length > 0 ? (
            <Section title="Newest calls">
              <ul className="flex flex-col gap-1 text-13">
                {one.newest.map((id) => (
                  <li key={id}>
                    <TextLink to={`/runs/${id}`} className="font-mono text-12">
                      {shortId(id)}
                    </TextLink>
                  </li>
                ))}
              </ul>
            </Section>
          ) : null}
          {making ? <MakePrompt group={one} onClose={() => setMaking(false)} /> : null}
        </div>
      )}
    </Loaded>
  );
}
