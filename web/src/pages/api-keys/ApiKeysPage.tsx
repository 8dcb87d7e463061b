import { KeyRound, Plus } from "lucide-react";
import { useMemo, useState } from "react";
import type { Schema } from "@/api/client";
import { useChange, usePages } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { count } from "@/lib/format";
import { Badge, Button, type Column, ConfirmDialog, EmptyState, Menu, Money, Page, PagedTable, RelativeTime, StatusBadge, toast } from "@/kit";
import { useCommands } from "@/shell/commands";
import { ChangeKey } from "./ChangeKey";
import { NewKey } from "./NewKey";
import { RotateKey } from "./RotateKey";
import { standingOf } from "./standing";

export type Key = Schema<"KeyAnswer">;

type Act = { what: "change" | "rotate" | "revoke"; key: Key } | null;

export default function ApiKeysPage() {
  const may = useMay();
  const [creating, setCreating] = useState(false);
  const [act, setAct] = useState<Act>(null);
  const pages = usePages("/v1/api-keys", undefined, { enabled: may.admin });
  useCommands(useMemo(() => (may.admin ? [{ id: "new-api-key", label: "New API key", run: () => setCreating(true) }] : []), [may.admin]));
  const button = (
    <Button variant="primary" icon={<Plus size={14} aria-hidden />} onClick={() => setCreating(true)} disabled={!may.admin} why={needs("admin")}>
      New key
    </Button>
  );
  const close = (open: boolean) => {
    if (!open) setAct(null);
  };
  return (
    <Page title="API keys" subtitle="What your programs call Burnish with. Each has a role, and may be narrowed, capped and ended." actions={button}>
      {may.admin ? (
        <PagedTable
          label="API keys"
          columns={columnsWith(setAct)}
          pages={pages}
          rowKey={(row) => row.id}
          empty={
            <EmptyState icon={<KeyRound size={18} />} title="No keys yet" action={button} code={CREATE}>
              A key is for one program: when that program goes, its key goes with it and nothing else stops.
            </EmptyState>
          }
        />
      ) : (
        <EmptyState icon={<KeyRound size={18} />} title="Admins look after the keys">
          Ask an admin of this workspace for a key of your own; its role can be yours.
        </EmptyState>
      )}
      <NewKey open={creating} onOpenChange={setCreating} />
      {act?.what === "change" ? <ChangeKey apiKey={act.key} onOpenChange={close} /> : null}
      {act?.what === "rotate" ? <RotateKey apiKey={act.key} onOpenChange={close} /> : null}
      {act?.what === "revoke" ? <RevokeKey apiKey={act.key} onOpenChange={close} /> : null}
    </Page>
  );
}

const CREATE = `curl $URL/v1/api-keys -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \\
  -d '{"name": "checkout", "role": "viewer", "scopes": ["executions:write", "feedback:write"]}'`;

function RevokeKey({ apiKey, onOpenChange }: { apiKey: Key; onOpenChange: (open: boolean) => void }) {
  const revoke = useChange("delete", "/v1/api-keys/{api_key_id}", { invalidates: ["/v1/api-keys"] });
  const send = () =>
    revoke.mutate(
      { path: { api_key_id: apiKey.id } },
      {
        onSuccess: () => {
          onOpenChange(false);
          toast(`${apiKey.name} is revoked`);
        },
      },
    );
  return (
    <ConfirmDialog open onOpenChange={onOpenChange} title={`Revoke ${apiKey.name}?`} submit="Revoke" onSubmit={send} busy={revoke.isPending} error={revoke.error}>
      Every gateway refuses it within a second, and it cannot be taken back.
      {apiKey.last_used_at ? <> It was last used <RelativeTime at={apiKey.last_used_at} />.</> : " It was never used."}
    </ConfirmDialog>
  );
}

function columnsWith(setAct: (act: Act) => void): Column<Key>[] {
  return [
    {
      key: "name",
      head: "Key",
      cell: (row) => (
        <span className="block min-w-0">
          <span className="block font-medium wrap-anywhere">{row.name}</span>
          <code className="block text-12 text-muted">bk_live_{row.prefix}…</code>
        </span>
      ),
    },
    {
      key: "may",
      head: "May",
      hideBelow: "sm",
      cell: (row) => (
        <span className="flex flex-wrap gap-1">
          <Badge tone={row.is_operator ? "accent" : "neutral"}>{row.is_operator ? "operator" : row.role}</Badge>
          {row.scopes.length > 0 ? <Badge>{row.scopes.length === 1 ? row.scopes[0] : `${row.scopes.length} scopes`}</Badge> : null}
          {row.rate_limit_per_minute ? <Badge>{row.rate_limit_per_minute}/min</Badge> : null}
          {row.token_limit_per_minute ? <Badge>{count(row.token_limit_per_minute)} tokens/min</Badge> : null}
        </span>
      ),
    },
    { key: "budget", head: "Budget", align: "end", hideBelow: "md", width: "w-44", cell: (row) => <KeyBudget apiKey={row} /> },
    { key: "used", head: "Last used", align: "end", hideBelow: "sm", width: "w-28", cell: (row) => (row.last_used_at ? <RelativeTime at={row.last_used_at} className="text-muted" /> : <span className="text-muted">never</span>) },
    { key: "status", head: "Status", width: "w-36", cell: (row) => <Standing apiKey={row} /> },
    {
      key: "acts",
      head: <span className="sr-only">Acts</span>,
      align: "end",
      width: "w-10",
      cell: (row) =>
        row.revoked_at ? null : (
          <Menu
            label={`What to do with ${row.name}`}
            items={[
              { label: "Change", onSelect: () => setAct({ what: "change", key: row }) },
              { label: "Rotate", onSelect: () => setAct({ what: "rotate", key: row }) },
              "-",
              { label: "Revoke", danger: true, onSelect: () => setAct({ what: "revoke", key: row }) },
            ]}
          />
        ),
    },
  ];
}

function KeyBudget({ apiKey }: { apiKey: Key }) {
  const budget = apiKey.budgets[0];
  if (!budget) return <span className="text-muted">none</span>;
  return (
    <>
      <Money nusd={budget.spent_nusd} /> of <Money nusd={budget.limit_nusd} /> a {budget.period}
    </>
  );
}

function Standing({ apiKey }: { apiKey: Key }) {
  const standing = standingOf(apiKey, Date.now());
  return (
    <span className="flex flex-wrap items-center gap-1.5">
      <StatusBadge status={standing} />
      {standing === "active" && apiKey.expires_at ? <span className="text-12 text-muted">until <RelativeTime at={apiKey.expires_at} /></span> : null}
    </span>
  );
}
