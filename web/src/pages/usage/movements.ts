/** What the entries of the ledger are called, and which way their money goes: for the lines of the statement and for each entry. Pure. */
import type { Schema } from "@/api/client";

export type Transfer = Schema<"TransferAnswer">;
export type Kind = Transfer["kind"];
type Way = 1 | -1 | 0;

/** 1: it comes in, -1: it goes out, 0: it is nothing of the workspace's. What is set aside for a job goes out of the credit, and comes back to it. */
const MOVEMENTS: Record<Kind, { name: string; way: Way }> = {
  grant: { name: "Credit given", way: 1 },
  top_up: { name: "Credit bought", way: 1 },
  base_grant: { name: "Credit of the plan", way: 1 },
  credit_line: { name: "Credit line", way: 1 },
  allowance: { name: "Allowance", way: 1 },
  allowance_expired: { name: "Allowance that ended", way: -1 },
  charge: { name: "Runs", way: -1 },
  overage: { name: "Borne by the platform", way: 0 },
  fee: { name: "Fees", way: -1 },
  funding: { name: "Set aside for jobs", way: -1 },
  funding_return: { name: "Given back by jobs", way: 1 },
  refund: { name: "Refunds", way: 1 },
  adjustment: { name: "Corrections", way: -1 },
  move_out: { name: "To other workspaces", way: -1 },
  move_in: { name: "From other workspaces", way: 1 },
};
export const KINDS = Object.keys(MOVEMENTS) as Kind[];

/** Of a kind that is newer than this page: its own name. */
export function nameOfKind(kind: string): string {
  return (MOVEMENTS as Record<string, { name: string } | undefined>)[kind]?.name ?? kind.replaceAll("_", " ");
}

/** What an entry changed: above zero it came in, below it went out, as the lines of the statement have it. null: neither, or nobody knows. */
export function changeOf({ kind, amount_nusd }: { kind: string; amount_nusd: number }): number | null {
  const way = (MOVEMENTS as Record<string, { way: Way } | undefined>)[kind]?.way ?? 0;
  return way === 0 ? null : way * Math.abs(amount_nusd);
}

/** Of what was charged: who paid, where it was not the credit. */
export function payerOf({ kind, change_nusd }: Pick<Transfer, "kind" | "change_nusd">): string | null {
  return (kind === "charge" || kind === "fee") && change_nusd === 0 ? "Paid by the allowance, or by what was set aside for a job" : null;
}
