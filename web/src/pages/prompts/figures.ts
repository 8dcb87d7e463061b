import type { Schema } from "@/api/client";

export type PromptFigures = { executions: number; costNusd: number; satisfaction: number | null; samples: number };

/** What the list shows of each prompt, by slug. Satisfaction is the mean of the days, each weighted by its reactions. */
export function figuresByPrompt(costs: readonly Schema<"CostRow">[], points: readonly Pick<Schema<"Point">, "group" | "satisfaction">[]): ReadonlyMap<string, PromptFigures> {
  const found = new Map<string, PromptFigures>();
  for (const row of costs) found.set(row.group, { executions: row.executions, costNusd: row.cost_nusd, satisfaction: null, samples: 0 });
  for (const point of points) {
    if (!point.group || !point.satisfaction) continue;
    const known = found.get(point.group) ?? { executions: 0, costNusd: 0, satisfaction: null, samples: 0 };
    const { value, samples } = point.satisfaction;
    const all = known.samples + samples;
    found.set(point.group, { ...known, samples: all, satisfaction: all === 0 ? null : ((known.satisfaction ?? 0) * known.samples + value * samples) / all });
  }
  return found;
}
