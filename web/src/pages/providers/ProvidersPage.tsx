import { PlugZap, Plus } from "lucide-react";
import { useMemo, useState } from "react";
import type { Schema } from "@/api/client";
import { useChange, usePages } from "@/api/hooks";
import { useModels } from "@/api/models";
import { needs, useMay } from "@/api/session";
import { After, Badge, Button, type Column, ConfirmDialog, EmptyState, Menu, Money, NavTabs, Page, PagedTable, RelativeTime, Section, StatusBadge, TextLink, Tooltip, toast, toastError } from "@/kit";
import { count, duration, plural } from "@/lib/format";
import { useCommands } from "@/shell/commands";
import { EditKey } from "./EditKey";
import { NewProviderKey } from "./NewProviderKey";
import { isResting, whyItRests } from "./rest";
import { PROVIDER_TABS } from "./tabs";
import { untold, wasRefused } from "./tested";

export type ProviderKey = Schema<"ProviderKeyAnswer">;

type Act = { what: "edit" | "revoke"; key: ProviderKey } | null;

export default function ProvidersPage() {
  const may = useMay();
  const { models } = useModels();
  const [creating, setCreating] = useState(false);
  const [act, setAct] = useState<Act>(null);
  const pages = usePages("/v1/provider-keys", undefined, { enabled: may.admin });
  const test = useTest();
  useCommands(useMemo(() => (may.admin ? [{ id: "new-provider-key", label: "New provider key", run: () => setCreating(true) }] : []), [may.admin]));
  const button = (
    <Button variant="primary" icon={<Plus size={14} aria-hidden />} onClick={() => setCreating(true)} disabled={!may.admin} why={needs("admin")}>
      Add a key
    </Button>
  );
  const close = (open: boolean) => {
    if (!open) setAct(null);
  };
  return (
    <Page title="Providers" subtitle="Your own keys for model providers, tried by priority; sealed when they arrive, and never shown again." actions={button}>
      <NavTabs label="Providers" tabs={PROVIDER_TABS} />
      <Section title="Keys">
        {may.admin ? (
          <PagedTable
            label="Provider keys"
            columns={columnsWith({ setAct, test: test.run, testing: test.testing, failed: test.failed })}
            pages={pages}
            rowKey={(row) => row.id}
            empty={
              <EmptyState icon={<PlugZap size={18} />} title="No keys of your own" action={button} code={ADD}>
                {models.some((one) => one.simulated) ? "Simulated models need none. " : ""}With a key of OpenAI, Anthropic, Google and others, or of any compatible server, its models answer here, at its prices.
              </EmptyState>
            }
          />
        ) : (
          <EmptyState icon={<PlugZap size={18} />} title="Admins look after the keys">
            You can use every model that is listed under Models; who pays for it and with which key is for an admin to say.
          </EmptyState>
        )}
      </Section>
      <After what={!may.admin || !pages.isPending}>
        <p className="text-13 text-muted">
          What can be called, and at what price, stands under <TextLink to="/models">Models</TextLink>; what a key spent under <TextLink to="/usage">Usage</TextLink>.
        </p>
      </After>
      <NewProviderKey open={creating} onOpenChange={setCreating} />
      {act?.what === "edit" ? <EditKey providerKey={act.key} onOpenChange={close} /> : null}
      {act?.what === "revoke" ? <Revoke providerKey={act.key} onOpenChange={close} /> : null}
    </Page>
  );
}

const ADD = `curl $URL/v1/provider-keys -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \\
  -d '{"provider": "openai", "name": "ours", "key": "sk-…"}'`;

type Failed = { words: string; at: number };

/** Tries a key by a call that costs nothing, and says what came of it; that it failed also beside the key, until it is another one or works. */
function useTest() {
  const [testing, setTesting] = useState<string | null>(null);
  const [failures, setFailures] = useState<Record<string, Failed | null>>({});
  const call = useChange("post", "/v1/provider-keys/{provider_key_id}/test");
  const run = (key: ProviderKey) => {
    setTesting(key.id);
    call.mutate({ path: { provider_key_id: key.id } } as never, {
      onSuccess: (told) => {
        if (told.works) toast(`${key.name} works: ${count(told.models)} models, ${duration(told.latency_ms)}`);
        else toastError(new Error(untold(key.name, told)));
        setFailures((all) => ({ ...all, [sameKey(key)]: wasRefused(told) ? { words: untold(key.name, told), at: Date.now() } : null }));
      },
      onError: toastError,
      onSettled: () => setTesting(null),
    });
  };
  return { run, testing, failed: (key: ProviderKey) => failures[sameKey(key)] ?? null };
}

function sameKey({ id, last4, base_url: at }: ProviderKey): string {
  return JSON.stringify([id, last4, at]);
}

function Revoke({ providerKey, onOpenChange }: { providerKey: ProviderKey; onOpenChange: (open: boolean) => void }) {
  const revoke = useChange("delete", "/v1/provider-keys/{provider_key_id}", { invalidates: ["/v1/provider-keys"] });
  const send = () =>
    revoke.mutate(
      { path: { provider_key_id: providerKey.id } },
      {
        onSuccess: () => {
          onOpenChange(false);
          toast(`${providerKey.name} is revoked`);
        },
      },
    );
  return (
    <ConfirmDialog open onOpenChange={onOpenChange} title={`Revoke ${providerKey.name}?`} submit="Revoke" onSubmit={send} busy={revoke.isPending} error={revoke.error}>
      No call uses it from a second on. Calls go on with the next key of {providerKey.provider}, if there is one.
    </ConfirmDialog>
  );
}

function columnsWith({ setAct, test, testing, failed }: { setAct: (act: Act) => void; test: (key: ProviderKey) => void; testing: string | null; failed: (key: ProviderKey) => Failed | null }): Column<ProviderKey>[] {
  return [
    {
      key: "name",
      head: "Key",
      cell: (row) => (
        <span className="block min-w-0">
          <span className="block font-medium wrap-anywhere">{row.name}</span>
          <span className="block text-12 text-muted">
            {row.provider} · <code>…{row.last4}</code>
            {row.base_url ? <span className="block wrap-anywhere">{row.base_url}</span> : null}
          </span>
        </span>
      ),
    },
    { key: "priority", head: "Priority", align: "end", hideBelow: "md", width: "w-20", cell: (row) => row.priority },
    { key: "limits", head: "A minute", hideBelow: "lg", width: "w-40", cell: (row) => <Limits row={row} /> },
    { key: "calls", head: "Calls today", align: "end", hideBelow: "sm", width: "w-28", cell: (row) => count(row.usage_today.executions) },
    { key: "cost", head: "Cost today", align: "end", hideBelow: "sm", width: "w-28", cell: (row) => <Money nusd={row.usage_today.cost_nusd} /> },
    { key: "status", head: "Status", width: "w-44", cell: (row) => <Health row={row} failed={failed(row)} /> },
    {
      key: "acts",
      head: <span className="sr-only">Acts</span>,
      align: "end",
      width: "w-28",
      cell: (row) =>
        row.revoked_at ? null : (
          <span className="inline-flex items-center gap-1">
            <Button size="s" busy={testing === row.id} onClick={() => test(row)} aria-label={`Test ${row.name}`}>
              Test
            </Button>
            <Menu
              label={`What to do with ${row.name}`}
              items={[{ label: "Change or replace", onSelect: () => setAct({ what: "edit", key: row }) }, "-", { label: "Revoke", danger: true, onSelect: () => setAct({ what: "revoke", key: row }) }]}
            />
          </span>
        ),
    },
  ];
}

function Limits({ row }: { row: ProviderKey }) {
  if (row.requests_per_minute === null && row.tokens_per_minute === null) return <span className="text-12 text-muted">as the provider says</span>;
  return (
    <span className="numeric block text-13">
      {row.requests_per_minute === null ? null : <span className="block">{plural(row.requests_per_minute, "request")}</span>}
      {row.tokens_per_minute === null ? null : <span className="block">{plural(row.tokens_per_minute, "token")}</span>}
    </span>
  );
}

function Health({ row, failed }: { row: ProviderKey; failed: Failed | null }) {
  const rests = isResting(row, Date.now());
  if (row.status === "active" && !rests && failed) {
    return (
      <span className="flex flex-wrap items-center gap-1.5">
        <Badge tone="bad">test failed</Badge>
        <span className="text-12 text-muted wrap-anywhere">
          <RelativeTime at={failed.at} />: {failed.words}
        </span>
      </span>
    );
  }
  const why = rests ? whyItRests(row) : (row.reason ?? row.last_error);
  return (
    <span className="flex flex-wrap items-center gap-1.5">
      {row.status === "set_aside" ? <Badge tone="bad">set aside</Badge> : rests ? <Badge tone="warn">resting</Badge> : <StatusBadge status={row.status} />}
      {(rests || row.status !== "active") && why ? (
        <Tooltip text={why}>
          <button type="button" className="text-12 text-muted underline decoration-dotted">
            why
          </button>
        </Tooltip>
      ) : row.last_used_at ? (
        <span className="text-12 text-muted">
          used <RelativeTime at={row.last_used_at} />
        </span>
      ) : null}
    </span>
  );
}
