import { expect, it } from "vitest";
import { editableText } from "@/lib/editable";
import { lineInFile } from "./GenerationsTab";
import { type Member, courseOf, planeOf } from "./generations";

const member = (id: string, fitness: number | null, scores: Member["scores"] = {}, text: string | null = "four"): Member => ({ candidate_id: id, text, made_by: id === "base" ? "incumbent" : "crossover", fitness, scores, evaluations: 20 });
const figures = (number: number, best: number | null) => ({ number, size: 3, best_fitness: best, mean_fitness: best, restored_from: null, created_at: "2026-11-20T00:00:00Z" });

it("draws generations from the first on, with gaps where nothing was measured", () => {
  expect(courseOf([figures(2, 0.6), figures(1, null), figures(0, 0.4)]).best).toEqual([{ x: 0, value: 0.4 }, { x: 1, value: null }, { x: 2, value: 0.6 }]);
});

it("sets fitness against cost, and against length where not every cost is known", () => {
  const priced = [member("a", 0.9, { cost_nusd: 30 }), member("base", 0.5, { cost_nusd: 20 }), member("new", null)];
  expect(planeOf(priced)).toMatchObject({ by: "cost", dots: [{ key: "a", x: 30, y: 0.9, tone: "chosen" }, { key: "base", x: 20, tone: "base" }] });
  expect(planeOf([...priced, member("old", 0.4)])).toMatchObject({ by: "length", dots: [{ x: 4 }, { x: 4 }, { key: "old", x: 4 }] });
  expect(planeOf([]).dots).toEqual([]);
});

it("knows which message a search changes", () => {
  expect(editableText([{ role: "user", content: "u" }, { role: "system", content: "s" }])).toBe("s");
  expect(editableText([{ role: "user", content: [{}] }, { role: "user", content: "u" }])).toBe("u");
  expect(editableText([])).toBeNull();
});

it("reads a file of generations that somebody saved anew as UTF-16", async () => {
  const text = JSON.stringify({ format: "burnish.generations", prompt: "grüße", base_version: 1, generations: [], candidates: [] });
  const bytes = new Uint16Array([..."\ufeff", ...text].map((letter) => letter.charCodeAt(0)));
  expect(await lineInFile(new Blob([bytes]))).toMatchObject({ prompt: "grüße" });
  expect(await lineInFile(new Blob([new Uint8Array([0x7b, 0xfc])]))).toContain("UTF-8");
});
