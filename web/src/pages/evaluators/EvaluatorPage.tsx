import { Archive, Pencil } from "lucide-react";
import { Suspense, useMemo, useState } from "react";
import { useAuthors } from "@/api/authors";
import { useChange, useRead } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Badge, Button, ButtonLink, ConfirmDialog, ErrorState, Page, RelativeTime, Section, SkeletonTable, SkeletonText, Tabs, toast } from "@/kit";
import { Here } from "@/kit/Here";
import { amid } from "@/lib/format";
import { later } from "@/lib/later";
import { usePathParam } from "@/lib/pages";
import { oneOf, useUrlState } from "@/lib/url-state";
import { useCommands } from "@/shell/commands";
import { EditEvaluator } from "./EditEvaluator";
import { type Evaluator, KIND_NAMES, type Kind, NEED_EXPECTED, asksModels, kindOf, settingsText } from "./evaluator";
import { LiveTable } from "./LiveTable";
import { TryIt } from "./TryIt";
import { Versions } from "./Versions";
import { WhereCodeRuns } from "./WhereCodeRuns";

// Charts come when they are looked at.
const Agreement = later(() => import("./Agreement"));
const ScoresOver = later(() => import("./ScoresOver"));

const shape = { tab: oneOf(["about", "versions", "agreement", "scores"], "about") };

export default function EvaluatorPage() {
  const id = usePathParam("id");
  const found = useRead("/v1/evaluators/{evaluator_id}", { path: { evaluator_id: id } });
  if (found.data) return <Whole evaluator={found.data} />;
  return (
    <Page title="Evaluator" back={{ to: "/evaluators", label: "Evaluators" }}>
      {found.error ? <ErrorState error={found.error} onRetry={() => void found.refetch()} /> : <SkeletonTable columns={3} />}
    </Page>
  );
}

function Whole({ evaluator }: { evaluator: Evaluator }) {
  const [{ tab }, set] = useUrlState(shape);
  const may = useMay();
  const nameOf = useAuthors();
  const [editing, setEditing] = useState(false);
  const [archiving, setArchiving] = useState(false);
  const archive = useChange("delete", "/v1/evaluators/{evaluator_id}", { invalidates: ["/v1/evaluators", "/v1/live-evaluations"] });
  const isOver = evaluator.archived_at !== null;
  const why = isOver ? "It is archived." : needs("editor");
  const off = !may.edit || isOver;
  useCommands(useMemo(() => (off ? [] : [{ id: "new-evaluator-version", label: `New version of ${evaluator.name}`, run: () => setEditing(true) }]), [off, evaluator.name]));
  return (
    <Page
      title={evaluator.name}
      back={{ to: "/evaluators", label: "Evaluators" }}
      subtitle={
        <span className="flex flex-wrap items-center gap-2 text-13">
          <Badge>{KIND_NAMES[evaluator.kind as Kind] ?? evaluator.kind}</Badge>
          <Badge>v{evaluator.version}</Badge>
          {asksModels(evaluator) ? <Badge tone="accent">asks models</Badge> : null}
          {isOver ? <Badge tone="warn">archived</Badge> : null}
          <span>
            made <RelativeTime at={evaluator.created_at} /> by {amid(nameOf(evaluator.created_by))}
          </span>
        </span>
      }
      actions={
        <>
          <Here place={`evaluators/${evaluator.id}`} isEditing={editing} />
          <Button icon={<Archive size={14} aria-hidden />} onClick={() => setArchiving(true)} disabled={off} why={why}>
            Archive
          </Button>
          <Button variant="primary" icon={<Pencil size={14} aria-hidden />} onClick={() => setEditing(true)} disabled={off} why={why}>
            New version
          </Button>
        </>
      }
    >
      <Tabs
        label="About the evaluator"
        value={tab}
        onChange={(next) => set({ tab: next }, { push: true })}
        tabs={[
          { id: "about", label: "What it looks for", content: <About evaluator={evaluator} /> },
          { id: "versions", label: "Versions", content: <Versions evaluator={evaluator} /> },
          { id: "agreement", label: "Agreement with people", content: <Suspense fallback={<SkeletonText />}><Agreement evaluator={evaluator} /></Suspense> },
          { id: "scores", label: "Scores", content: <Suspense fallback={<SkeletonText />}><ScoresOver evaluator={evaluator.id} prompt={null} isOver={isOver} /></Suspense> },
        ]}
      />
      {editing ? <EditEvaluator evaluator={evaluator} onClose={() => setEditing(false)} /> : null}
      <ConfirmDialog
        open={archiving}
        onOpenChange={setArchiving}
        title={`Archive ${evaluator.name}?`}
        submit="Archive it"
        busy={archive.isPending}
        error={archive.error}
        onSubmit={() => archive.mutate({ path: { evaluator_id: evaluator.id } }, { onSuccess: () => (setArchiving(false), toast(`${evaluator.name} is archived; its scores stay`)) })}
      >
        It cannot be used in new test runs, and its live evaluations take nothing more. Its scores stay. This cannot be taken back; another evaluator may then have its name.
      </ConfirmDialog>
    </Page>
  );
}

function About({ evaluator }: { evaluator: Evaluator }) {
  const kind = kindOf(evaluator.kind);
  const mayEdit = useMay().edit;
  const off = evaluator.archived_at !== null ? "It is archived." : !mayEdit && needs("editor");
  return (
    <div className="grid items-start gap-6 lg:grid-cols-[minmax(0,1fr)_22rem]">
      <div className="flex min-w-0 flex-col gap-6">
        <Section title="What it looks for" description={kind?.does}>
          <pre className="rounded-m border border-line bg-sunken px-3 py-2.5 text-12 leading-5 whitespace-break-spaces wrap-anywhere">{settingsText(evaluator.settings)}</pre>
          {evaluator.kind === "code" ? <WhereCodeRuns language={evaluator.settings["language"] === "wasm" ? "wasm" : "python"} /> : null}
        </Section>
        {NEED_EXPECTED.has(evaluator.kind) ? (
          <Section title="Live evaluations">
            <p className="max-w-[72ch] text-13 text-muted">It compares with an expected answer, and live traffic has none: use it in test runs.</p>
            <div>
              <ButtonLink to="/test-runs" search={{ new: "1" }} off={off}>
                New test run
              </ButtonLink>
            </div>
          </Section>
        ) : (
          <Section title="Live evaluations" description="Where it scores traffic as it comes." actions={<ButtonLink to="/evaluators/live" search={{ new: "1", evaluator: evaluator.id }} off={off}>Score live traffic</ButtonLink>}>
            <LiveTable evaluator={evaluator.id} archived={false} isOver={evaluator.archived_at !== null} onEdit={null} />
          </Section>
        )}
      </div>
      <Section title="Try it" description="Nothing is kept." framed>
        <TryIt id={evaluator.id} compares={kind?.needsExpected ?? false} isOfTwo={evaluator.kind === "pairwise"} asks={asksModels(evaluator)} />
      </Section>
    </div>
  );
}
