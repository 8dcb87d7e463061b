import { type FormEvent, useState } from "react";
import type { Schema } from "@/api/client";
import { useChange, usePages } from "@/api/hooks";
import { useSession } from "@/api/session";
import { Badge, Button, type Column, EmptyState, Facts, Field, FormError, Input, PagedTable, RelativeTime, Section, Segments, errorFor, toast, toastError } from "@/kit";
import { chooseTheme, useThemeChoice } from "@/lib/theme";
import { browserOf } from "./browser";

type Own = Schema<"OwnSession">;

const THEMES = [
  { value: "system", label: "As the system" },
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
] as const;

export function Account() {
  const { user } = useSession();
  const theme = useThemeChoice();
  return (
    <div className="flex flex-col gap-8">
      <Section title="You">
        <Facts facts={[["Name", user.name || "–"], ["E-mail", user.email ?? "–"], user.is_operator ? ["Operator", "of this installation"] : null]} />
      </Section>
      <Section title="Look">
        <div>
          <Segments label="Theme" options={THEMES} value={theme} onChange={chooseTheme} />
        </div>
      </Section>
      <Password />
      <Sessions />
    </div>
  );
}

function Password() {
  const [old, setOld] = useState("");
  const [next, setNext] = useState("");
  const change = useChange("post", "/v1/auth/password", { invalidates: ["/v1/auth/sessions"] });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate(
      { body: { old_password: old, new_password: next } },
      {
        onSuccess: () => {
          setOld("");
          setNext("");
          toast("Changed. Every other session of yours has ended.");
        },
      },
    );
  };
  return (
    <Section title="Password" description="Every other session of yours ends when it changes.">
      <form onSubmit={submit} className="flex max-w-sm flex-col gap-4">
        <Field label="Password until now" error={errorFor(change.error, "old_password")} required>
          <Input type="password" autoComplete="current-password" value={old} onChange={(event) => setOld(event.target.value)} />
        </Field>
        <Field label="New password" error={errorFor(change.error, "new_password")} required>
          <Input type="password" autoComplete="new-password" value={next} onChange={(event) => setNext(event.target.value)} />
        </Field>
        <FormError error={change.error} />
        <div>
          <Button type="submit" busy={change.isPending} disabled={!old || !next}>
            Change
          </Button>
        </div>
      </form>
    </Section>
  );
}

function Sessions() {
  const pages = usePages("/v1/auth/sessions");
  const end = useChange("delete", "/v1/auth/sessions/{session_id}", { invalidates: ["/v1/auth/sessions"] });
  const columns: Column<Own>[] = [
    { key: "browser", head: "Where", cell: (row) => <span className="block min-w-0"><span className="flex flex-wrap items-center gap-1.5 font-medium">{browserOf(row.user_agent)}{row.is_this ? <Badge tone="ok">this one</Badge> : null}</span><span className="block text-12 text-muted">{row.address ?? "unknown address"}</span></span> },
    { key: "seen", head: "Last seen", align: "end", width: "w-32", cell: (row) => <RelativeTime at={row.last_seen_at} className="text-muted" /> },
    { key: "ends", head: "Ends", align: "end", hideBelow: "sm", width: "w-28", cell: (row) => <RelativeTime at={row.expires_at} className="text-muted" /> },
    {
      key: "acts",
      head: <span className="sr-only">Acts</span>,
      align: "end",
      width: "w-20",
      cell: (row) => (row.is_this ? null : <Button size="s" variant="ghost" busy={end.isPending && end.variables.path.session_id === row.id} aria-label={`End the session of ${browserOf(row.user_agent)}`} onClick={() => end.mutate({ path: { session_id: row.id } }, { onSuccess: () => toast("Ended"), onError: toastError })}>End</Button>),
    },
  ];
  return (
    <Section title="Where you are signed in">
      <PagedTable label="Sessions" columns={columns} pages={pages} rowKey={(row) => row.id} empty={<EmptyState title="Signed in elsewhere">You are signed in through your company's provider; it keeps your sessions.</EmptyState>} />
    </Section>
  );
}
