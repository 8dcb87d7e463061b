import { useNavigate } from "@tanstack/react-router";
import { MessageCircleQuestion } from "lucide-react";
import { type FormEvent, type KeyboardEvent, useState } from "react";
import { useChange, usePages, useRead } from "@/api/hooks";
import { useKeptText } from "@/api/kept-text";
import { needs, useMay } from "@/api/session";
import { Badge, Button, type Column, ConfirmDialog, EmptyState, Field, FormError, Menu, Page, PagedTable, RelativeTime, Section, SimulatedMark, StatusBadge, TextLink, Textarea, errorFor, toast } from "@/kit";
import { Models } from "./Models";
import { type SessionItem, beginning } from "./goal";

const EXAMPLES = ["Answer customers who ask where their parcel is.", "Sort tickets into billing, technical and account.", "Sum up a meeting for those who missed it."];

/** From a rough idea to a prompt: say what it should do, and be asked what is missing. */
export default function GoalPage() {
  const { text: rough, set: setRough, forget } = useKeptText("goal");
  const [choosing, setChoosing] = useState(false);
  const may = useMay();
  const navigate = useNavigate();
  const models = useRead("/v1/clarifications/models", {}, { staleTime: 60_000 });
  const begin = useChange("post", "/v1/clarifications", { invalidates: ["/v1/clarifications"] });
  const send = (event?: FormEvent) => {
    event?.preventDefault();
    if (!rough.trim() || begin.isPending) return;
    forget();
    begin.mutate({ query: { wait_s: 0 }, body: { initial_prompt: rough.trim(), selections: {}, metadata: {} } }, { onSuccess: (made) => void navigate({ to: `/new/${made.id}` }) });
  };
  const sendByKey = (event: KeyboardEvent) => {
    if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) send();
  };
  return (
    <Page
      title="Start from a goal"
      subtitle="Say roughly what you want. A model asks what is missing, then writes the prompt and cases to test it with."
      back={{ to: "/prompts", label: "Prompts" }}
      actions={
        <Button onClick={() => setChoosing(true)} disabled={!may.admin} why={needs("admin")}>
          Models…
        </Button>
      }
    >
      <form onSubmit={send} onKeyDown={sendByKey} className="flex max-w-3xl flex-col gap-3">
        <Field label="What should it do?" hint="In any words. You can also paste a prompt that you have." error={errorFor(begin.error, "initial_prompt")} required>
          <Textarea autoFocus rows={4} value={rough} onChange={(event) => setRough(event.target.value)} placeholder={EXAMPLES[0]} />
        </Field>
        {rough === "" ? (
          <div className="flex flex-wrap items-center gap-2 text-12 text-muted">
            <span>Such as</span>
            {EXAMPLES.map((one) => (
              <button key={one} type="button" onClick={() => setRough(one)} className="rounded-m border border-line-strong/50 bg-panel px-2 py-1 text-left text-12 text-fg hover:bg-sunken">
                {one}
              </button>
            ))}
          </div>
        ) : null}
        <FormError error={begin.error} />
        <div className="flex flex-wrap items-center gap-3">
          <Button type="submit" variant="primary" busy={begin.isPending} disabled={!rough.trim()}>
            Begin
          </Button>
          <p className="text-12 text-muted">{models.data ? `At most three rounds of questions, each of which you can skip. ${models.data.in_use["ask"] ?? ""} asks, ${models.data.in_use["write"] ?? ""} writes.` : " "}</p>
        </div>
      </form>
      <Sessions />
      {choosing ? <Models onClose={() => setChoosing(false)} /> : null}
    </Page>
  );
}

function Sessions() {
  const pages = usePages("/v1/clarifications");
  const [deleting, setDeleting] = useState<SessionItem | null>(null);
  const remove = useChange("delete", "/v1/clarifications/{clarification_id}", { invalidates: ["/v1/clarifications"] });
  const columns: Column<SessionItem>[] = [
    { key: "goal", head: "Goal", cell: (row) => <span className="line-clamp-2 wrap-anywhere">{beginning(row.initial_prompt, 160)}</span> },
    { key: "status", head: "Where it stands", width: "w-44", cell: (row) => <Standing row={row} /> },
    { key: "saved", head: "Saved as", width: "w-56", hideBelow: "md", cell: (row) => <Saved row={row} /> },
    { key: "at", head: "Changed", align: "end", width: "w-28", hideBelow: "sm", cell: (row) => <RelativeTime at={row.updated_at} className="text-muted" /> },
    { key: "acts", head: <span className="sr-only">Acts</span>, align: "end", width: "w-12", cell: (row) => <Menu label={`What to do with ${beginning(row.initial_prompt, 40)}`} items={[{ label: "Delete…", danger: true, onSelect: () => setDeleting(row) }]} /> },
  ];
  return (
    <Section title="Yours so far" description="Nobody else sees them, also no admin.">
      <PagedTable
        label="Goals"
        columns={columns}
        pages={pages}
        rowKey={(row) => row.id}
        rowLink={(row) => ({ to: `/new/${row.id}` })}
        empty={<EmptyState icon={<MessageCircleQuestion size={18} />} title="Nothing yet" code={CODE}>What you begin stands here, and you can come back to it for a week.</EmptyState>}
      />
      {deleting ? (
        <ConfirmDialog
          open
          onOpenChange={(open) => !open && (remove.reset(), setDeleting(null))}
          title="Delete what was said?"
          submit="Delete"
          busy={remove.isPending}
          error={remove.error}
          onSubmit={() => remove.mutate({ path: { clarification_id: deleting.id } }, { onSuccess: () => (setDeleting(null), toast("Deleted")) })}
        >
          Questions, answers and the draft go at once. {deleting.saved ? "The prompt that it was saved as stays." : "It was not saved as a prompt."}
        </ConfirmDialog>
      ) : null}
    </Section>
  );
}

const WORDS: Record<string, string> = { pending: "being read", clarifying: "your turn", ready: "ready to write", finalized: "written" };

function Standing({ row }: { row: SessionItem }) {
  const words = row.task === "write" ? "being written" : row.task === "ask" ? "being asked" : WORDS[row.status];
  return (
    <span className="flex flex-wrap items-center gap-1.5">
      {words ? <Badge tone={row.status === "finalized" ? "ok" : words === "your turn" ? "accent" : "neutral"}>{words}</Badge> : <StatusBadge status={row.status} />}
      {row.simulated ? <SimulatedMark /> : null}
    </span>
  );
}

function Saved({ row }: { row: SessionItem }) {
  const prompt = row.saved?.["prompt"];
  if (typeof prompt !== "string") return <span className="text-muted">–</span>;
  return <TextLink to={`/prompts/${prompt}`} className="font-mono text-13 wrap-anywhere">{`${prompt} v${String(row.saved?.["version"] ?? "?")}`}</TextLink>;
}

const CODE = `curl $URL/v1/clarifications -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \\
  -d '{"initial_prompt": "Answer customers who ask where their parcel is."}'`;
