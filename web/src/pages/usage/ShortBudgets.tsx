import type { Schema } from "@/api/client";
import { Money, Notice, TextLink } from "@/kit";

/** Hard budgets that let less through than what is about to start may cost; nothing where all suffice. */
export function ShortBudgets({ budgets }: { budgets: readonly Schema<"ShortBudget">[] | undefined }) {
  if (!budgets?.length) return null;
  return (
    <Notice tone="warn">
      {budgets.map((one) => (
        <span key={one.id} className="block">
          The budget {one.name} lets <Money nusd={one.left_nusd} /> through {one.period === "day" ? "today" : "this month"}. What runs into it ends there. <TextLink to="/usage/budgets">Budgets</TextLink>
        </span>
      ))}
    </Notice>
  );
}
