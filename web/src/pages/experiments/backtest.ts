/** What somebody asks a backtest for. Pure. */
import type { Schema } from "@/api/client";

export type Backtest = Schema<"burnish_gateway__experiments__backtest_routes__BacktestAnswer">;
type Arm = { name?: string; arm?: string; version?: number | null; model?: string | null };

export const isGoingOn = (status: string) => status === "pending" || status === "running";

/** v1 · v2, or the names of models. */
export function armsOf(arms: readonly Record<string, unknown>[]): string {
  return (arms as Arm[]).map((one) => [one.version ? `v${one.version}` : null, one.model].filter(Boolean).join(" with ") || one.name || one.arm || "an arm").join(" · ");
}

/** "1, 2" or "v1 v2" as versions; null where something is no version. */
export function versionsOf(text: string): number[] | null {
  const found = text.split(/[\s,;]+/u).filter(Boolean).map((one) => Number(one.replace(/^v/u, "")));
  return found.every((one) => Number.isInteger(one) && one > 0) ? [...new Set(found)] : null;
}
