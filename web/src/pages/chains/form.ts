/** What a version of a chain says besides its steps, and how two versions differ. Pure. */
import { own } from "@/lib/own";
import type { VariableType } from "@/lib/template";
import { same } from "@/pages/prompts/content";
import { type Chain, type Step, lean } from "./chain";

export type Parameter = { type?: VariableType | null; required?: boolean | null; default?: unknown; description?: string | null };
export type Output = string | Record<string, string> | null;
/** `parameters`: null where a run may give any, without a name where it gives none. */
export type Form = { parameters: Record<string, Parameter> | null; output: Output; deadline_s: number | null };
/** Anything that says what a chain does: the chain as it is read, or one of its versions. */
export type Whole = Pick<Chain, "steps"> & { parameters?: unknown; output?: unknown; deadline_s?: unknown };

export const DEADLINE_USUAL_S = 300;
export const DEADLINE_MOST_S = 3_600;

export function formOf(whole: Whole): Form {
  return { parameters: (whole.parameters ?? null) as Form["parameters"], output: (whole.output ?? null) as Output, deadline_s: (whole.deadline_s ?? null) as number | null };
}

export function stepsOf(whole: Whole): Step[] {
  return (whole.steps as Step[]).map(lean);
}

/** Only what says something, as it is sent. */
export function leanForm(form: Form): Form {
  // An empty text is a default too: without it the variable must be given.
  const says = ([field, value]: [string, unknown]) => value !== null && value !== undefined && (value !== "" || field === "default");
  const parameters = form.parameters && Object.fromEntries(Object.entries(form.parameters).map(([name, one]) => [name, Object.fromEntries(Object.entries(one).filter(says))]));
  const isEmpty = form.output === "" || (typeof form.output === "object" && form.output !== null && Object.keys(form.output).length === 0);
  return { parameters, output: isEmpty ? null : form.output, deadline_s: form.deadline_s };
}

export function isSameForm(a: Form, b: Form): boolean {
  return same(leanForm(a), leanForm(b));
}

export function isSameSteps(a: readonly Step[], b: readonly Step[]): boolean {
  return same(a.map(lean), b.map(lean));
}

/** A step as it is read: what it is called and does first, the rest by name. */
export function stepText(step: Step | undefined): string {
  return step ? JSON.stringify(ordered(lean(step)), null, 2) : "";
}

const FIRST = ["id", "prompt", "parallel", "choose", "stop", "if"];

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== "object" || value === null) return value;
  const place = (key: string) => (FIRST.includes(key) ? FIRST.indexOf(key) : FIRST.length);
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => place(a) - place(b) || (a < b ? -1 : 1)).map(([key, one]) => [key, ordered(one)])); // prettier-ignore
}

export type StepDiffers = { id: string; before: Step | undefined; after: Step | undefined };

/** The steps that differ, in the order of the later version; those that are gone stand last. */
export function stepsThatDiffer(before: readonly Step[], after: readonly Step[]): StepDiffers[] {
  const ids = [...new Set([...after, ...before].map((step) => step.id))];
  const all = ids.map((id) => ({ id, before: before.find((step) => step.id === id), after: after.find((step) => step.id === id) }));
  return all.filter((one) => !one.before || !one.after || !isSameSteps([one.before], [one.after]));
}

/** The order of the steps that both have, where it differs. */
export function orderThatDiffers(before: readonly Step[], after: readonly Step[]): { before: string; after: string } | null {
  const both = (list: readonly Step[], other: readonly Step[]) => list.map((step) => step.id).filter((id) => other.some((step) => step.id === id)).join(", "); // prettier-ignore
  const [was, is] = [both(before, after), both(after, before)];
  return was === is ? null : { before: was, after: is };
}

/** The settings that differ, as they are read; null: not set. */
export function settingsThatDiffer(before: Form, after: Form): { name: string; before: string | null; after: string | null }[] {
  const [was, is] = [leanForm(before), leanForm(after)];
  const names = [...new Set([was, is].flatMap((one) => Object.keys(one.parameters ?? {})))];
  const rows = [
    { name: "Variables", before: whichOf(was.parameters), after: whichOf(is.parameters) },
    ...names.map((name) => ({ name: `Variable ${name}`, before: parameterInWords(own(was.parameters, name)), after: parameterInWords(own(is.parameters, name)) })),
    { name: "Output", before: outputInWords(was.output), after: outputInWords(is.output) },
    { name: "Deadline", before: was.deadline_s === null ? null : `${was.deadline_s} s`, after: is.deadline_s === null ? null : `${is.deadline_s} s` },
  ];
  return rows.filter((row) => row.before !== row.after);
}

/** Which variables a run may give. */
export function whichOf(parameters: Form["parameters"]): "any" | "none" | "those named" {
  if (parameters === null) return "any";
  return Object.keys(parameters).length === 0 ? "none" : "those named";
}

function parameterInWords(one: Parameter | undefined): string | null {
  if (!one) return null;
  const said = [one.type ?? "any type", one.default === undefined ? null : `default ${JSON.stringify(one.default)}`, one.required === false ? "may be left out" : null].filter(Boolean).join(", ");
  return one.description ? `${said}: ${one.description}` : said;
}

/** An output as it is read, a part a line. Null: what the last step says. */
export function outputInWords(output: Output): string | null {
  if (output === null || typeof output === "string") return output;
  return Object.entries(output).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, one]) => `${name}: ${one}`).join("\n"); // prettier-ignore
}

/** A default as it is typed: a text as it is, everything else as JSON. Undefined: none. */
export function readDefault(type: VariableType | null | undefined, text: string): { value: unknown } | { fault: string } {
  if (text === "") return { value: undefined };
  if (isText(type)) return { value: text };
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return { fault: "A default that is no text is written as JSON: 3, true, {\"a\": 1}, [1, 2]." };
  }
}

export function isText(type: VariableType | null | undefined): boolean {
  return !type || type === "string" || type === "image_url";
}

/** Seconds as they are typed. */
export function readDeadline(text: string): { value: number | null } | { fault: string } {
  if (text.trim() === "") return { value: null };
  const value = Number(text);
  return Number.isFinite(value) && value > 0 && value <= DEADLINE_MOST_S ? { value } : { fault: `Seconds, above 0 and at most ${DEADLINE_MOST_S.toLocaleString("en")}.` };
}
