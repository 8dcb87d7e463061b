/** Whether a key works at `nowMs`: revoked for ever, expired by itself, or active. */
export function standingOf(key: { revoked_at: string | null; expires_at: string | null }, nowMs: number): "active" | "expired" | "revoked" {
  if (key.revoked_at) return "revoked";
  return key.expires_at && Date.parse(key.expires_at) <= nowMs ? "expired" : "active";
}

/** Dollars as somebody types them ("12.50") in nano-dollars; null for what is no amount above 0. */
export function nusdOf(typed: string): number | null {
  const dollars = Number(typed.trim().replace(/^\$/, ""));
  return typed.trim() !== "" && Number.isFinite(dollars) && dollars > 0 && dollars <= 1_000_000 ? Math.round(dollars * 1e9) : null;
}

/** Nano-dollars as somebody would type them in dollars: all of their digits, and no exponent. */
export function typedOf(nusd: number): string {
  return (nusd / 1e9).toFixed(9).replace(/\.?0+$/, "");
}

/** What is wrong with a budget and with limits a minute as they are typed. Empty is none, which is right. */
export function limitFlaws(budget: string, rate: string, tokens = ""): { budget?: string; rate?: string; tokens?: string } {
  return {
    budget: budget.trim() !== "" && nusdOf(budget) === null ? "An amount in dollars above 0, such as 25." : undefined,
    rate: rate.trim() !== "" && !/^[1-9]\d{0,6}$/.test(rate.trim()) ? "A whole number above 0, such as 600." : undefined,
    tokens: tokens.trim() !== "" && !/^[1-9]\d{0,9}$/.test(tokens.trim()) ? "A whole number above 0, such as 100000." : undefined,
  };
}

/** What keys are mostly made for, as scopes. Empty: everything that the role may. */
export const PURPOSES = [
  { value: "app", label: "An application: run prompts, send feedback", role: "editor", scopes: ["executions:read", "executions:write", "feedback:read", "feedback:write", "prompts:read", "models:read"] },
  { value: "read", label: "A dashboard: read everything", role: "viewer", scopes: [] },
  { value: "deploy", label: "A pipeline: change prompts and datasets", role: "editor", scopes: [] },
  { value: "all", label: "Everything, as an admin", role: "admin", scopes: [] },
] as const;

export type Purpose = (typeof PURPOSES)[number]["value"];
