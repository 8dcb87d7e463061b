import { useState } from "react";
import type { Schema } from "@/api/client";
import { useChange, useRead } from "@/api/hooks";
import { needs, useMay, useSession } from "@/api/session";
import { Badge, Button, ConfirmDialog, Loaded, SkeletonTable, toast } from "@/kit";
import { classes } from "@/lib/classes";
import { count, money, plural } from "@/lib/format";
import { EditPlan } from "./EditPlan";
import { Head } from "./Head";

type Plan = Schema<"PlanAnswer">;

const ROWS: readonly (readonly [name: string, value: (plan: Plan) => string])[] = [
  ["Base fee a month", (plan) => money(plan.base_fee_nusd)],
  ["Credit of the plan a month", (plan) => money(plan.base_credit_nusd)],
  ["Beyond it, at most", (plan) => (plan.overage_nusd > 0 ? money(plan.overage_nusd) : "nothing")],
  ["Calls a minute", (plan) => count(plan.rate_limit_per_minute)],
  ["Tokens a minute", (plan) => (plan.token_limit_per_minute === null ? "no limit" : count(plan.token_limit_per_minute))],
  ["Calls at a time", (plan) => count(plan.concurrency)],
  ["Workspaces", (plan) => count(plan.workspaces_most)],
  ["Runs are kept, at most", (plan) => plural(plan.retention_days_most, "day")],
  ["Keys of this installation", (plan) => (plan.platform_keys ? (plan.platform_markup_percent > 0 ? `yes, plus ${plan.platform_markup_percent} %` : "yes") : "no")],
  ["Allowance for them a month", (plan) => money(plan.platform_allowance_nusd)],
  ["An optimization", (plan) => (plan.optimization_fee_nusd > 0 ? money(plan.optimization_fee_nusd) : "free of fee")],
];

/** In a narrow window the plan that holds may stand out of sight: its column is brought beside the names. */
function showOwn(table: HTMLDivElement | null) {
  const own = table?.querySelector<HTMLElement>("[data-own]");
  const names = table?.querySelector<HTMLElement>("th");
  if (table && own && names) table.scrollLeft = own.offsetLeft - names.offsetWidth;
}

/** What each plan allows, and which one holds. */
export default function PlanPage() {
  const plans = useRead("/v1/plans", {}, { staleTime: 60_000 });
  const credits = useRead("/v1/credits");
  const { workspace } = useSession();
  const may = useMay();
  const [chosen, setChosen] = useState<Plan | null>(null);
  const choose = useChange("put", "/v1/organizations/{organization_id}/plan", { invalidates: ["/v1/credits", "/v1/usage"] });
  const current = credits.data?.plan;
  const [editing, setEditing] = useState<Plan | "new" | null>(null);
  return (
    <Head
      title="Plan"
      actions={may.operator ? <Button onClick={() => setEditing("new")}>New plan</Button> : null}
      subtitle={workspace ? `Of ${workspace.organization_name}, for all its workspaces.` : undefined}
    >
      <Loaded of={plans} skeleton={<SkeletonTable columns={4} />}>
        {({ data: all }) => {
          const data = [...all].sort((a, b) => a.rate_limit_per_minute - b.rate_limit_per_minute);
          return (
          // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard
          <div key={current} role="region" aria-label="Plans" tabIndex={0} ref={showOwn} className="overflow-x-auto rounded-l border border-line bg-panel">
            <table className="w-full border-collapse text-13">
              <thead>
                <tr className="border-b border-line">
                  <th scope="col" className="sticky left-0 bg-panel px-3 py-3 sm:px-4 text-left text-12 font-medium text-muted">
                    What it allows
                  </th>
                  {data.map((plan) => (
                    <th key={plan.plan} scope="col" data-own={plan.plan === current || undefined} className={classes("min-w-28 px-3 py-3 sm:px-4 text-right align-top font-semibold", plan.plan === current && "bg-accent-soft")}>
                      <span className="flex flex-col items-end gap-1.5">
                        <span className="text-14">{plan.name}</span>
                        {plan.plan === current ? (
                          <Badge>your plan</Badge>
                        ) : (
                          <Button size="s" onClick={() => setChosen(plan)} disabled={!may.operator} why={needs("operator")}>
                            Choose
                          </Button>
                        )}
                        {may.operator ? (
                          <Button size="s" variant="ghost" onClick={() => setEditing(plan)} aria-label={`Edit ${plan.name}`}>
                            Edit
                          </Button>
                        ) : null}
                      </span>
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {ROWS.map(([name, value]) => (
                  <tr key={name} className="border-b border-line last:border-0">
                    <th scope="row" className="sticky left-0 max-w-28 bg-panel px-3 py-2.5 sm:max-w-none sm:px-4 text-left font-normal">
                      {name}
                    </th>
                    {data.map((plan) => (
                      <td key={plan.plan} className={classes("numeric px-3 py-2.5 sm:px-4 text-right whitespace-nowrap", plan.plan === current && "bg-accent-soft")}>
                        {value(plan)}
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          );
        }}
      </Loaded>
      {editing ? <EditPlan plan={editing === "new" ? null : editing} onClose={() => setEditing(null)} /> : null}
      {may.operator ? null : <p className="text-13 text-muted">Who runs this installation changes the plan.</p>}
      <ConfirmDialog
        open={chosen !== null}
        onOpenChange={(open) => !open && (choose.reset(), setChosen(null))}
        title={`Take the plan ${chosen?.name ?? ""}?`}
        submit="Take it"
        danger={false}
        busy={choose.isPending}
        error={choose.error}
        onSubmit={() =>
          chosen &&
          workspace &&
          choose.mutate(
            { path: { organization_id: workspace.organization_id }, body: { plan: chosen.plan } },
            {
              onSuccess: () => {
                toast(`${chosen.name} holds from now on`);
                setChosen(null);
              },
            },
          )
        }
      >
        {chosen ? `Its limits hold at once for every workspace of ${workspace?.organization_name ?? "the organization"}: ${count(chosen.rate_limit_per_minute)} calls a minute, ${count(chosen.concurrency)} at a time, ${money(chosen.base_fee_nusd)} a month.` : null}
      </ConfirmDialog>
    </Head>
  );
}
