import { Square } from "lucide-react";
import { useState } from "react";
import { useChange, useRead } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Badge, Button, type Column, ConfirmDialog, Facts, Loaded, Money, Notice, Page, RelativeTime, Section, SimulatedBadge, StatusBadge, Table, TextLink, toast } from "@/kit";
import { Progress } from "@/kit/Progress";
import { usePathParam } from "@/lib/pages";
import { money, plural, points } from "@/lib/format";
import { type Step, farOf, standing, toldOf } from "./model";

const LOOK_AGAIN_MS = 2_000;

export default function MigrationPage() {
  const id = usePathParam("id");
  const [watched, setWatched] = useState(true);
  const found = useRead("/v1/model-migrations/{migration_id}", { path: { migration_id: id } }, { refetchInterval: watched ? LOOK_AGAIN_MS : false });
  const one = found.data;
  const goesOn = one?.status === "running";
  if (one && watched !== goesOn) setWatched(goesOn);
  return (
    <Page
      title={one ? `${one.model} to ${one.successor}` : "Model move"}
      back={{ to: "/optimize/migrations", label: "Model moves" }}
      heading={
        one ? (
          <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <span className="font-mono text-20 wrap-anywhere">
              {one.model} → {one.successor}
            </span>
            <StatusBadge status={one.status} />
            {one.simulated ? <SimulatedBadge /> : null}
          </span>
        ) : undefined
      }
      subtitle={
        one ? (
          <span className="text-13">
            As good means at most {points(one.margin).replace("+", "")} lost{one.search ? "; worse ones are searched" : ""} · {money(one.cost_nusd)} so far · started <RelativeTime at={one.created_at} />
          </span>
        ) : undefined
      }
      actions={goesOn && one ? <Cancel id={one.id} cost={one.cost_nusd} /> : null}
    >
      <Loaded of={found}>
        {({ status, steps, progress, search }) => {
          const { done, total } = farOf(progress);
          const made = steps.filter((step) => step.new_version !== null).length;
          return (
            <div className="flex min-w-0 flex-col gap-6">
              {status === "running" ? <Progress label="Prompt versions" done={done} total={total} words={`${done} of ${plural(total, "version")}`} /> : null}
              {status === "completed" ? <Notice tone={made > 0 ? "ok" : "neutral"} title={made > 0 ? `${plural(made, "version")} for the new model.` : "No new version."}>{made > 1 ? "They stand on a branch. Move a label to one when you are ready." : made > 0 ? "It stands on a branch. Move a label to it when you are ready." : "The table says why."}</Notice> : null /* prettier-ignore */}
              {status === "cancelled" ? <Notice title="Cancelled.">What was saved before stays.</Notice> : null}
              <Section title="Prompt versions">
                <Table label="Prompt versions" columns={COLUMNS} rows={steps} rowKey={(step) => `${step.prompt} ${step.version}`} />
              </Section>
              {search ? (
                <Section title="How it searches" description="Of each prompt that is worse with the new model, which answers in each of these searches.">
                  <Facts facts={toldOf(search)} />
                </Section>
              ) : null}
            </div>
          );
        }}
      </Loaded>
    </Page>
  );
}

function Cancel({ id, cost }: { id: string; cost: number }) {
  const [asking, setAsking] = useState(false);
  const may = useMay();
  const cancel = useChange("post", "/v1/model-migrations/{migration_id}/cancel", { invalidates: ["/v1/model-migrations", "/v1/credits"] });
  const submit = () => cancel.mutate({ path: { migration_id: id } }, { onSuccess: () => { setAsking(false); toast("The move stops"); } }); // prettier-ignore
  return (
    <>
      <Button icon={<Square size={12} aria-hidden />} onClick={() => setAsking(true)} disabled={!may.editPrompts} why={needs(may.edit ? "admin" : "editor")}>
        Cancel
      </Button>
      <ConfirmDialog open={asking} onOpenChange={setAsking} title="Cancel this move?" submit="Cancel the move" cancel="Keep going" onSubmit={submit} busy={cancel.isPending} error={cancel.error}>
        Its test runs and searches stop within seconds. <Money nusd={cost} /> are spent; what was saved stays.
      </ConfirmDialog>
    </>
  );
}

const COLUMNS: Column<Step>[] = [
  {
    key: "prompt",
    head: "Version",
    width: "min-w-32",
    cell: (step) => (
      <span className="block py-1">
        <TextLink to={`/prompts/${step.prompt}`} search={{ tab: "versions" }} className="font-mono font-medium wrap-anywhere">
          {step.prompt} v{step.version}
        </TextLink>
        {step.because ? <span className="block text-12 text-muted wrap-anywhere">{step.because}</span> : null}
      </span>
    ),
  },
  {
    key: "state",
    head: "Standing",
    width: "w-44",
    cell: (step) => {
      const { word, tone } = standing(step);
      return <Badge tone={tone}>{word}</Badge>;
    },
  },
  {
    key: "proof",
    head: "Proof",
    width: "w-44",
    hideBelow: "sm",
    cell: (step) => (
      <span className="flex flex-wrap gap-x-3">
        {step.after_run_id ? (
          <TextLink to={`/test-runs/${step.after_run_id}`} search={{ tab: "compare" }}>
            Compared
          </TextLink>
        ) : null}
        {step.suggestion_id ? <TextLink to={`/optimize/suggestions/${step.suggestion_id}`}>Suggestion</TextLink> : step.job_id ? <TextLink to={`/optimize/${step.job_id}`}>Search</TextLink> : null}
      </span>
    ),
  },
  { key: "new", head: "New version", align: "end", width: "w-28", cell: (step) => (step.new_version === null ? <span className="text-muted">–</span> : <TextLink to={`/prompts/${step.prompt}`} search={{ tab: "versions", version: String(step.new_version) }}>v{step.new_version}</TextLink>) /* prettier-ignore */ },
  { key: "cost", head: "Cost", align: "end", width: "w-24", hideBelow: "md", cell: (step) => <Money nusd={step.cost_nusd} /> },
];
