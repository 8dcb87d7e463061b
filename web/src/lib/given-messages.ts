/** Messages that a caller gives for a placeholder: checked, and passed on as they are. Pure. */
import { type Json, TemplateError } from "./templateSyntax";

const GIVEN_ROLES = ["system", "developer", "user", "assistant", "tool"];
const MAX_GIVEN_MESSAGES = 1_000;
const MAX_VALUE_DEPTH = 32;

/** The text that replaces `{{name}}`: strings as they are, all else as compact JSON. */
export function textOf(value: Json): string {
  if (typeof value === "string") return value;
  if (depthOf(value) > MAX_VALUE_DEPTH) throw new RangeError(`deeper than ${MAX_VALUE_DEPTH}`);
  return JSON.stringify(value);
}

function depthOf(value: Json, depth = 0): number {
  if (typeof value !== "object" || value === null || depth > MAX_VALUE_DEPTH) return depth;
  return Math.max(depth, ...Object.values(value).map((one) => depthOf(one, depth + 1)));
}

/** What may still be put in: texts, and pictures and files, which count by themselves. Both throw TemplateError. */
type Budget = { spend: (text: string) => void; show: (url: string) => void };

export function givenMessages(name: string, given: Json, budget: Budget): { [key: string]: Json }[] {
  const param = `variables.${name}`;
  if (!Array.isArray(given) || given.length > MAX_GIVEN_MESSAGES) {
    throw new TemplateError(`'${name}' takes a list of at most ${MAX_GIVEN_MESSAGES.toLocaleString("en-US")} messages.`, param);
  }
  return given.map((one, index) => {
    const message = objectOf(one);
    if (!message || !GIVEN_ROLES.includes(String(message.role))) {
      throw new TemplateError(`Each message of '${name}' is an object with a role out of ${GIVEN_ROLES.join(", ")}.`, `${param}[${index}]`);
    }
    const content = message.content ?? null;
    if (typeof content !== "string" && !Array.isArray(content) && content !== null) {
      throw new TemplateError(`The content of a message of '${name}' is text, parts or null.`, `${param}[${index}].content`);
    }
    budget.spend(textOf(Array.isArray(content) ? { ...message, content: content.map((part) => withoutBytes(part, budget)) } : message));
    return { ...message };
  });
}

/** Kinds of parts that may hold a picture or a file, and where. */
const BYTES_OF: Record<string, string> = { image_url: "url", file: "file_data" };

const objectOf = (value: Json | undefined) => (typeof value === "object" && value !== null && !Array.isArray(value) ? value : null);

/** A part of a given message without its picture or file, which counts as one of a variable does, and not as a text. */
function withoutBytes(given: Json, budget: Budget): Json {
  const part = objectOf(given);
  const kind = String(part?.type);
  const field = BYTES_OF[kind] ?? "";
  const held = objectOf(part?.[kind]);
  const data = held?.[field];
  if (typeof data !== "string" || !data.startsWith("data:")) return given;
  budget.show(data);
  return { ...part, [kind]: { ...held, [field]: "" } };
}
