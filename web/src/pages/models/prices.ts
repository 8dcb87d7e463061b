/** Dollars as somebody types them in whole nano-dollars; null for what is no amount from 0 on. */
export function dollarsToNusd(typed: string): number | null {
  const dollars = Number(typed.trim().replace(/^\$/, ""));
  return typed.trim() !== "" && Number.isFinite(dollars) && dollars >= 0 && dollars <= 100_000 ? Math.round(dollars * 1e9) : null;
}
