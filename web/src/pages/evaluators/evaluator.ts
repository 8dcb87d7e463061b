/** Evaluators in words, and as a form holds them: text that somebody types. Pure. */
import type { Schema } from "@/api/client";
import { errorFor } from "@/kit/Field";
import { decimal, percent } from "@/lib/format";

export type Evaluator = Schema<"EvaluatorAnswer">;
export type Settings = Schema<"NewEvaluator">["settings"];
export type Kind = Settings["kind"];
export type Verdict = Schema<"VerdictAnswer">;
export type Seen = "input" | "expected" | "variables";

type KindWords = {
  kind: Kind;
  name: string;
  /** What it does, for somebody who has never heard of it. */
  does: string;
  /** It compares with an expected answer, so that it scores test runs alone. */
  needsExpected?: boolean;
  /** It asks models, and each look is paid for. */
  asks?: boolean;
};

export const KINDS: readonly KindWords[] = [
  { kind: "llm_judge", name: "Judge", does: "A model grades the answer by your rubric: its reason first, then a mark.", asks: true },
  { kind: "jury", name: "Jury", does: "Several models grade by one rubric; none knows of the others. Where they are far apart, a person should look.", asks: true },
  { kind: "pairwise", name: "Which of two is better", does: "A model says which of two answers is better, asked in both orders. For test runs: against another run, else the expected answer.", asks: true, needsExpected: true },
  { kind: "contains", name: "Phrases", does: "The answer holds phrases, or none of them; without any, the expected answer." },
  { kind: "regex", name: "Pattern", does: "The answer matches a regular expression of RE2, or must not." },
  { kind: "json_schema", name: "JSON schema", does: "The answer is JSON that your schema accepts." },
  { kind: "exact", name: "The expected answer", does: "The answer is the expected one, letter by letter.", needsExpected: true },
  { kind: "numeric", name: "The expected number", does: "The first number of the answer is the expected one, within a tolerance.", needsExpected: true },
  { kind: "similarity", name: "Alike the expected answer", does: "How alike answer and expected answer are, from 0 to 1.", needsExpected: true },
  { kind: "toxicity", name: "Insults and threats", does: "The answer insults, threatens or swears: whole words of an English list, and of yours." },
  { kind: "expression", name: "Expression", does: "A condition over output, expected, input, variables and metadata; true or false, or a score." },
  { kind: "code", name: "Your own code", does: "Python or WebAssembly in a sandbox. Its last value is true or false, a score from 0 to 1, or {score, reason}." },
];
export const KIND_NAMES = Object.fromEntries(KINDS.map((one) => [one.kind, one.name])) as Record<Kind, string>;
export const NEED_EXPECTED: ReadonlySet<string> = new Set(KINDS.filter((one) => one.needsExpected).map((one) => one.kind));

export function kindOf(kind: string): KindWords | undefined {
  return KINDS.find((one) => one.kind === kind);
}

/** Whether looking costs money: toxicity does where a judge is named. */
export function asksModels({ kind, settings }: Pick<Evaluator, "kind" | "settings">): boolean {
  return kindOf(kind)?.asks === true || (kind === "toxicity" && typeof settings["judge"] === "string");
}

export type Draft = {
  name: string;
  kind: Kind;
  message: string;
  ignoreCase: boolean;
  ignoreSpace: boolean;
  /** A phrase a line. */
  phrases: string;
  match: "all" | "any" | "none";
  pattern: string;
  whole: boolean;
  expect: "match" | "no_match";
  schema: string;
  absolute: string;
  relative: string;
  method: "characters" | "words";
  threshold: string;
  expression: string;
  language: "python" | "wasm";
  code: string;
  words: string;
  allow: string;
  judge: string | null;
  model: string | null;
  models: string[];
  rubric: string;
  lowest: string;
  highest: string;
  passesFrom: string;
  decide: "median" | "majority";
  uncertainFrom: string;
  sees: Seen[];
  maxTokens: string;
};

const CODE = 'words = len(output.split())\n{"score": 1 if words < 60 else 0, "reason": f"{words} words"}';
const SCHEMA = '{\n  "type": "object",\n  "required": ["category"]\n}';

export function draftOf(evaluator: Pick<Evaluator, "name" | "kind" | "settings"> | null): Draft {
  const of = (evaluator?.settings ?? {}) as Record<string, never>;
  const scale = (of["scale"] ?? {}) as { lowest?: number; highest?: number };
  const kind = (evaluator?.kind ?? "llm_judge") as Kind;
  const share = (name: string, usual: number) => percentTyped((of[name] ?? usual) as number);
  return {
    name: evaluator?.name ?? "",
    kind,
    message: "",
    ignoreCase: of["ignore_case"] ?? (kind === "contains" || kind === "similarity"),
    ignoreSpace: of["ignore_space"] ?? true,
    phrases: ((of["phrases"] ?? []) as string[]).join("\n"),
    match: of["match"] ?? "all",
    pattern: of["pattern"] ?? "",
    whole: of["whole"] ?? false,
    expect: of["expect"] ?? "match",
    schema: of["schema"] ? JSON.stringify(of["schema"], null, 2) : SCHEMA,
    absolute: String(of["absolute"] ?? 0),
    relative: share("relative", 0),
    method: of["method"] ?? "characters",
    threshold: share("threshold", 0.8),
    expression: of["expression"] ?? "len(output) < 400",
    language: of["language"] ?? "python",
    code: of["code"] ?? CODE,
    words: ((of["words"] ?? []) as string[]).join("\n"),
    allow: ((of["allow"] ?? []) as string[]).join("\n"),
    judge: of["judge"] ?? null,
    model: of["model"] ?? null,
    models: of["models"] ?? [],
    rubric: of["rubric"] ?? "",
    lowest: String(scale.lowest ?? 1),
    highest: String(scale.highest ?? 5),
    passesFrom: share("passes_from", kind === "toxicity" ? 0.7 : 0.5),
    decide: of["decide"] ?? "median",
    uncertainFrom: share("uncertain_from", 0.5),
    sees: of["sees"] ?? ["input", "expected"],
    maxTokens: String(of["max_tokens"] ?? 500),
  };
}

/** Another kind begins with what is usual for it, and keeps what was written that fits. */
export function withKind(draft: Draft, kind: Kind): Draft {
  const usual = draftOf({ name: draft.name, kind, settings: {} });
  return { ...draft, kind, ignoreCase: usual.ignoreCase, passesFrom: usual.passesFrom };
}

const percentTyped = (share: number) => String(Number((share * 100).toFixed(4)));
const lines = (typed: string) => typed.split("\n").map((one) => one.trim()).filter(Boolean);
const share = (typed: string) => Number(typed) / 100;

function jsonOf(typed: string): Record<string, unknown> | null {
  try {
    const found: unknown = JSON.parse(typed);
    return typeof found === "object" && found !== null && !Array.isArray(found) ? (found as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

export function settingsOf(draft: Draft): Settings {
  const { kind } = draft;
  const judged = { rubric: draft.rubric, sees: draft.sees, max_tokens: Number(draft.maxTokens) };
  const scale = { lowest: Number(draft.lowest), highest: Number(draft.highest) };
  switch (kind) {
    case "exact":
      return { kind, ignore_case: draft.ignoreCase, ignore_space: draft.ignoreSpace };
    case "contains":
      return { kind, phrases: lines(draft.phrases), match: draft.match, ignore_case: draft.ignoreCase };
    case "regex":
      return { kind, pattern: draft.pattern, whole: draft.whole, ignore_case: draft.ignoreCase, expect: draft.expect };
    case "json_schema":
      return { kind, schema: jsonOf(draft.schema) ?? {} };
    case "numeric":
      return { kind, absolute: Number(draft.absolute), relative: share(draft.relative) };
    case "similarity":
      return { kind, method: draft.method, threshold: share(draft.threshold), ignore_case: draft.ignoreCase };
    case "expression":
      return { kind, expression: draft.expression };
    case "code":
      return { kind, language: draft.language, code: draft.code };
    case "toxicity":
      return { kind, words: lines(draft.words), allow: lines(draft.allow), passes_from: share(draft.passesFrom), judge: draft.judge };
    case "llm_judge":
      return { kind, model: draft.model ?? "", ...judged, scale, passes_from: share(draft.passesFrom) };
    case "jury":
      return { kind, models: draft.models, ...judged, scale, passes_from: share(draft.passesFrom), decide: draft.decide, uncertain_from: share(draft.uncertainFrom) };
    case "pairwise":
      return { kind, model: draft.model ?? "", ...judged };
  }
}

const JUDGED: ReadonlySet<Kind> = new Set(["llm_judge", "jury", "pairwise"]);

/** What is wrong, by field, as far as the form can tell; the API checks the rest. */
export function wrongIn(draft: Draft): Partial<Record<keyof Draft, string>> {
  const { kind } = draft;
  const isShare = (typed: string) => typed.trim() !== "" && Number(typed) >= 0 && Number(typed) <= 100;
  const percentages = "A percentage from 0 to 100.";
  return {
    ...(kind === "regex" && !draft.pattern ? { pattern: "Write a pattern." } : {}),
    ...(kind === "json_schema" && !jsonOf(draft.schema) ? { schema: "This is no JSON object yet." } : {}),
    ...(kind === "expression" && !draft.expression.trim() ? { expression: "Write a condition." } : {}),
    ...(kind === "code" && !draft.code.trim() ? { code: "Write the check." } : {}),
    ...(kind === "numeric" && !(Number(draft.absolute) >= 0) ? { absolute: "A number of 0 or more." } : {}),
    ...(kind === "numeric" && !(Number(draft.relative) >= 0) ? { relative: "A percentage of 0 or more." } : {}),
    ...(kind === "similarity" && !isShare(draft.threshold) ? { threshold: percentages } : {}),
    ...(JUDGED.has(kind) && !draft.rubric.trim() ? { rubric: "Say what a good answer is." } : {}),
    ...((kind === "llm_judge" || kind === "pairwise") && !draft.model ? { model: "Choose who judges." } : {}),
    ...(kind === "jury" && draft.models.length < 2 ? { models: "A jury has two models at least." } : {}),
    ...((kind === "llm_judge" || kind === "jury") && !(Number(draft.lowest) < Number(draft.highest)) ? { highest: "Above the lowest mark." } : {}),
    ...((kind === "llm_judge" || kind === "jury" || kind === "toxicity") && !isShare(draft.passesFrom) ? { passesFrom: percentages } : {}),
    ...(kind === "jury" && !isShare(draft.uncertainFrom) ? { uncertainFrom: percentages } : {}),
    ...(JUDGED.has(kind) && !(Number(draft.maxTokens) >= 50 && Number(draft.maxTokens) <= 8_000) ? { maxTokens: "A number from 50 to 8,000." } : {}),
  };
}

/** What the API said of one field of the settings, whether it came from the shape or from looking at it. */
export function faultOf(error: unknown, kind: string, field: string): string | undefined {
  return errorFor(error, `settings.${field}`) ?? errorFor(error, `settings.${kind}.${field}`);
}

/** The settings as text, a line for each of them, so that two versions can be laid side by side. Long texts stand as they are written. */
export function settingsText(settings: Record<string, unknown>): string {
  const rows = Object.entries(settings).filter(([name]) => name !== "kind");
  const long = (value: unknown): value is string => typeof value === "string" && (value.includes("\n") || value.length > 60);
  return [...rows.filter(([, value]) => !long(value)), ...rows.filter(([, value]) => long(value))]
    .map(([name, value]) => (long(value) ? `${name}:\n${value}` : `${name}: ${typeof value === "string" ? value : JSON.stringify(value, null, name === "schema" ? 2 : undefined)}`))
    .join("\n");
}

/** How good an agreement is beside what chance gives, in the usual words of Landis and Koch (1977). */
export function kappaWords(kappa: number): string {
  if (kappa < 0.005) return kappa > -0.005 ? "no more than chance gives" : "less than chance gives";
  return `${kappa <= 0.2 ? "slight" : kappa <= 0.4 ? "fair" : kappa <= 0.6 ? "moderate" : kappa <= 0.8 ? "substantial" : "almost perfect"} agreement beyond chance`;
}

export type Agreement = Schema<"AgreementAnswer">;

/** May it be trusted? One sentence with its figures, and what it does when it errs. */
export function agreementWords({ n, agreement, kappa, confusion, few }: Pick<Agreement, "n" | "agreement" | "kappa" | "confusion" | "few">): string {
  if (n === 0 || !agreement) return "Nobody can say yet: no answer has both a score of it and a word of a person.";
  const head = `Of ${n === 1 ? "the one answer" : `${n.toLocaleString("en-US")} answers`} that both looked at, it said what people said of ${percent(agreement.value)}.`;
  const beyond = kappa ? ` That is ${kappaWords(kappa.value)} (κ ${decimal(kappa.value, 2)}).` : " One of both always says the same, so that nothing is left to agree on beyond chance.";
  const { passed_bad: lenient, failed_good: strict } = confusion;
  const errs = lenient === strict ? "" : lenient > strict ? " Where they differ, it is the more lenient." : " Where they differ, it is the stricter.";
  return head + beyond + errs + (few ? " These are few: take it for a guess." : "");
}
