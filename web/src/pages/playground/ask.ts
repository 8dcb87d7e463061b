/** From a column to what is sent. Pure. */
import { type Json, TemplateError, render } from "@/lib/template";
import type { Asked } from "./runs";
import type { Column, Message } from "./state";
import type { Facts } from "./useColumn";
import { type Attached, type Files, IN_MESSAGES_MOST, faultOf, isHeld, takenApart, withFiles } from "@/lib/attached";
import { bytesOf } from "@/lib/bytes";
import { valuesFor, withAttached } from "@/lib/values";
import { takesPicture } from "@/lib/variables-apart";

export type Asking = Asked | { why: string };

/** What the gateway is asked, or why it cannot be asked yet. A prompt is asked for by its version and not by its label, so that trying
 * something out does not count among what the label serves. */
export function askedOf(column: Column, facts: Facts, texts: Readonly<Record<string, string>>, fallbackModel: string, files: Files = {}): Asking {
  if (facts.fault !== null || facts.template === null) return { why: facts.fault ?? "The prompt is not here yet." };
  const { values, missing, faults } = withAttached(valuesFor(facts.template, texts), facts.template, files);
  const [wrong] = Object.entries(faults);
  if (wrong) return { why: `${wrong[0]}: ${wrong[1]}` };
  if (missing.length > 0) return { why: `Give a value to ${missing.join(", ")}.` };
  const overrides = { ...numberOf("temperature", column.temperature), ...numberOf("max_tokens", column.maxTokens) };
  const ofVariables = usedFiles(facts, files);
  const common = { app: "burnish-playground", variables: values, ...(Object.keys(overrides).length > 0 ? { overrides } : {}) };
  if (column.kind === "prompt") {
    const body = { ...common, prompt: column.prompt, ...(facts.version === null ? {} : { version: facts.version }), ...(column.model ? { model: column.model } : {}) };
    return ofSize({ body, input: inputOf(values, facts.messages), ...sent(ofVariables) });
  }
  const model = column.model || fallbackModel;
  if (!model) return { why: "Choose a model first." };
  const own = column.messages.flatMap((one) => one.files ?? []);
  const why = column.messages.some((one) => !MAY_HOLD.includes(one.role) && one.files?.some(({ part }) => part.type === "file" && isHeld(part))) ? "A file stands in a message of the user." : faultOf(own);
  if (why) return { why };
  try {
    const messages = render(facts.template, values).messages.map(({ content }, at) => messageOf(column.messages[at]!, content ?? ""));
    return ofSize({ body: { ...common, model, messages }, input: inputOf(values, messages), ...sent([...own, ...ofVariables]) });
  } catch (error) {
    if (error instanceof TemplateError) return { why: error.message };
    throw error;
  }
}

/** Whether what was asked before is what would be asked now. */
export function isAsked(before: Asked, now: Asking): boolean {
  return "body" in now && JSON.stringify(before.body) === JSON.stringify(now.body);
}

/** Roles whose messages may hold a file; where a picture may stand goes by the model, and the gateway says so (services/gateway/burnish_gateway/compat/files.py). */
const MAY_HOLD: readonly string[] = ["user", "tool"];

/** `content`: as it was rendered. */
function messageOf({ role, files = [], texts = [], rest = {} }: Message, content: Json): Record<string, unknown> {
  const whole = withFiles(content, files, texts);
  // An assistant that only called tools said nothing.
  return { ...rest, role, content: whole === "" && rest.tool_calls ? null : whole };
}

/** Of the body of a comparison, in bytes: less than of one call (services/gateway/burnish_gateway/wire.py, BODY_MOST_BYTES). */
const COMPARED_MOST = 1024 * 1024;

/** How many bytes a body has as it is sent, where they are more than `most`; else 0. */
function bytesBeyond(most: number, body: object): number {
  const bytes = bytesOf({ ...body, stream: true });
  return bytes > most ? bytes : 0;
}

/** The same, or that it is too long: in bytes of the body, of which the gateway takes so many. */
function ofSize(asked: Asked): Asking {
  const bytes = bytesBeyond(IN_MESSAGES_MOST, asked.body);
  if (bytes === 0) return asked;
  const told = `It has ${bytes.toLocaleString("en-US")} bytes as it is sent; at most ${IN_MESSAGES_MOST.toLocaleString("en-US")} can be.`;
  return { why: `${told} ${asked.files ? "Take a file out, or shorten the text." : "Shorten the text."}` };
}

/** One request for all columns (`/v1/executions/compare`), or null where it cannot say all that they ask: then each is asked alone. */
export function comparedOf(all: readonly Asked[]): Record<string, unknown> | null {
  const bodies = all.map((one) => one.body);
  const [first] = bodies;
  if (!first || bodies.length < 2) return null;
  const ofPrompts = bodies.every((one) => one["prompt"] !== undefined);
  // Texts of one's own can be compared by models alone.
  if (!ofPrompts && bodies.some((one) => one["prompt"] !== undefined || JSON.stringify(one["messages"]) !== JSON.stringify(first["messages"]))) return null;
  const variables: Record<string, unknown> = {};
  for (const body of bodies) {
    for (const [name, value] of Object.entries(body["variables"] as Record<string, unknown>)) {
      if (Object.hasOwn(variables, name) && JSON.stringify(variables[name]) !== JSON.stringify(value)) return null;
      variables[name] = value;
    }
  }
  const variants = bodies.map(({ prompt, version, model, overrides }) => JSON.parse(JSON.stringify({ prompt, version, model, overrides })) as Record<string, unknown>);
  const compared = { app: first["app"], variables, variants, ...(ofPrompts ? { prompt: first["prompt"] } : { messages: first["messages"], model: first["model"] }) };
  return bytesBeyond(COMPARED_MOST, compared) > 0 ? null : compared;
}

function inputOf(values: Record<string, unknown>, messages: readonly { role?: unknown; content?: unknown }[]): string | Record<string, unknown> {
  if (Object.keys(values).length > 0) return values;
  const said = messages.findLast((one) => one.role === "user")?.content;
  return typeof said === "string" ? said : takenApart(said).text;
}

const sent = (files: readonly Attached[]) => (files.length > 0 ? { files } : {});

/** Those of the variables that this column has. */
function usedFiles({ template }: Facts, files: Files): Attached[] {
  const names = new Set([...(template?.variables.values() ?? [])].filter((one) => takesPicture(one.type)).map((one) => one.name).concat(template?.placeholders ?? []));
  return Object.entries(files).flatMap(([name, those]) => (names.has(name) ? those : []));
}

function numberOf(name: string, text: string): Record<string, number> {
  const value = Number(text);
  return text.trim() === "" || !Number.isFinite(value) ? {} : { [name]: value };
}
