/** Lines of generations: what is drawn of them. Pure. */
import type { Schema } from "@/api/client";
import type { Point } from "@/chart/geometry";
import type { ScatterDot } from "@/chart/Scatter";

export type Line = Schema<"LineAnswer">;
export type Figures = Schema<"GenerationFigures">;
export type Generation = Schema<"GenerationAnswer">;
export type Member = Generation["members"][number];

export const ORIGINS: Record<Line["origin"], string> = { job: "a search", fork: "a fork", import: "a file" };

const OPERATORS: Record<string, string> = {
  incumbent: "the version itself",
  elite: "lived on",
  given: "given at the start",
  crossover: "crossed",
  insert_word: "a word put in",
  remove_word: "a word taken out",
  replace_by_synonym: "a synonym",
  shift_structure: "lines moved",
  reflection: "rewritten after failures",
  unchanged: "unchanged",
};
export const operatorName = (operator: string) => OPERATORS[operator] ?? operator.replaceAll("_", " ");

export const nameOfLine = (line: Pick<Line, "name" | "prompt" | "base_version">) => line.name || `${line.prompt} v${line.base_version}`;

/** The heights of the charts: their places are kept while they come. */
export const COURSE_PX = 287;
export const PLANE_PX = 347;

/** The best and the mean of each generation, the oldest first; one that was not measured is a gap. */
export function courseOf(generations: readonly Figures[]): { best: Point[]; mean: Point[] } {
  const all = [...generations].sort((a, b) => a.number - b.number);
  return { best: all.map((one) => ({ x: one.number, value: one.best_fitness })), mean: all.map((one) => ({ x: one.number, value: one.mean_fitness })) };
}

const costOf = (member: Member) => member.scores["cost_nusd"] ?? null;
const charactersOf = (member: Member) => member.text?.length ?? null;

export type Plane = { by: "cost" | "length"; dots: ScatterDot[] };

/** Fitness against what an answer costs; of older generations, which noted no cost, against the length of the text. */
export function planeOf(members: readonly Member[]): Plane {
  const measured = members.filter((one) => one.fitness !== null);
  const by = measured.length > 0 && measured.every((one) => costOf(one) !== null) ? "cost" : "length";
  const dots = measured.flatMap((one): ScatterDot[] => {
    const x = by === "cost" ? costOf(one) : charactersOf(one);
    if (x === null || one.fitness === null) return [];
    return [{ key: one.candidate_id, x, y: one.fitness, label: `${operatorName(one.made_by)} …${one.candidate_id.slice(-6)}`, tone: one.made_by === "incumbent" ? "base" : one.candidate_id === members[0]?.candidate_id ? "chosen" : "plain" }];
  });
  return { by, dots };
}
