import { Money } from "@/kit";

/** Money with its direction: +$5.00 came in, −$5.00 went out. Where it did neither (`change` null), the amount alone, quietly. */
export function Change({ change, amount }: { change: number | null; amount: number }) {
  if (change === null) return <Money nusd={amount} className="text-muted" />;
  return (
    <span className="numeric whitespace-nowrap">
      {change > 0 ? "+" : ""}
      <Money nusd={change} />
    </span>
  );
}
