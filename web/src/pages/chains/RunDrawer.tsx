import { Square } from "lucide-react";
import { useChange, useRead } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Badge, Button, Drawer, Facts, Loaded, Money, Prose, RelativeTime, Section, StatusBadge, TextLink, toast, toastError } from "@/kit";
import { RunComments } from "@/kit/comments/RunComments";
import { spaced } from "@/lib/format";
import { STEP_TONES } from "./chain";

const UNDERWAY: ReadonlySet<string> = new Set(["queued", "running"]);
const LOOK_MS = 1_500;

function Cancel({ id }: { id: string }) {
  const may = useMay();
  const cancel = useChange("post", "/v1/chain-runs/{chain_run_id}/cancel", { invalidates: ["/v1/chain-runs"] });
  const stop = () => cancel.mutate({ path: { chain_run_id: id } }, { onSuccess: () => toast("It stops; steps under way are paid as far as they came"), onError: toastError });
  return (
    <Button size="s" icon={<Square size={12} aria-hidden />} busy={cancel.isPending} disabled={!may.run} why={needs("editor")} onClick={stop}>
      Cancel the run
    </Button>
  );
}

/** One run with what each step did. */
export function RunDrawer({ id, wanted, onClose }: { id: string; /** The comment that a link leads to. */ wanted: string; onClose: () => void }) {
  const found = useRead("/v1/chain-runs/{chain_run_id}", { path: { chain_run_id: id } }, { enabled: id !== "" });
  const isUnderway = found.data !== undefined && UNDERWAY.has(found.data.status);
  useRead("/v1/chain-runs/{chain_run_id}", { path: { chain_run_id: id } }, { enabled: isUnderway, refetchInterval: LOOK_MS });
  return (
    <Drawer open={id !== ""} onOpenChange={(open) => !open && onClose()} title="Run of the chain" actions={isUnderway ? <Cancel id={id} /> : null}>
      {id === "" ? null : (
        <Loaded of={found}>
          {(run) => (
            <div className="flex flex-col gap-5">
              <Facts
                facts={[
                  ["Status", <StatusBadge key="status" status={run.status} />],
                  ["Version", `v${run.version}${run.label ? `, as ${run.label}` : ""}`],
                  ["Started", <RelativeTime key="at" at={run.created_at} />],
                  ["Cost", <Money key="cost" nusd={run.cost_nusd} />],
                  run.user_id ? ["End user", run.user_id] : null,
                  run.error ? ["Why it failed", spaced(run.error.message ?? run.error.code)] : null,
                ]}
              />
              <Section title="Steps">
                <ol aria-label="Steps of the run" className="flex flex-col gap-2">
                  {run.steps.map((step) => (
                    <li key={step.id} className="flex flex-wrap items-center gap-2 rounded-m border border-line px-3 py-2 text-13">
                      <span className="font-mono font-medium">{step.id}</span>
                      {step.prompt ? <span className="text-muted">{`${step.prompt}${step.version === null ? "" : ` v${step.version}`}`}</span> : null}
                      <Badge tone={STEP_TONES[step.status] ?? "bad"}>{step.status}</Badge>
                      <span className="ml-auto flex items-center gap-3">
                        {step.cost_nusd ? <Money nusd={step.cost_nusd} /> : null}
                        {step.execution_id ? <TextLink to={`/runs/${step.execution_id}`}>What it said</TextLink> : null}
                      </span>
                      {step.error ? <span className="w-full text-12">{spaced(step.error.message ?? step.error.code)}</span> : null}
                    </li>
                  ))}
                </ol>
              </Section>
              <Section title="Output">
                {run.output === null || run.output === undefined ? <p className="text-13 text-muted">{isUnderway ? "It stands here once the run has ended." : "It gave none."}</p> : <Prose text={typeof run.output === "string" ? run.output : JSON.stringify(run.output, null, 2)} mono={typeof run.output !== "string"} />}
              </Section>
              <RunComments key={`comments ${id} ${wanted}`} of="chain_run" id={id} wanted={wanted} />
            </div>
          )}
        </Loaded>
      )}
    </Drawer>
  );
}
