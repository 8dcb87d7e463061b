/** Conditions of rules: as a form has them, as an expression (docs/guides/expressions.md), and in words. Pure. */

export type Operator = "is" | "is_not" | "contains" | "starts" | "ends" | "one_of" | "equals" | "less" | "most" | "more" | "least" | "given" | "not_given" | "true" | "false";
/** `name`: of a variable or of metadata, where `word` is one of these. */
export type Term = { word: string; name: string; operator: Operator; value: string };
export type Condition = { join: "and" | "or"; terms: Term[] };

export const WORDS = [
  { value: "variables", label: "variable", words: "the variable" },
  { value: "metadata", label: "metadata", words: "the metadata" },
  { value: "input_tokens", label: "tokens of input", words: "the input’s length in tokens" },
  { value: "language", label: "language", words: "the language" },
  { value: "app", label: "app", words: "the app" },
  { value: "user_id", label: "end user", words: "the end user" },
  { value: "session_id", label: "session", words: "the session" },
  { value: "prompt", label: "prompt", words: "the prompt" },
  { value: "label", label: "label", words: "the label" },
  { value: "version", label: "version", words: "the version" },
  { value: "model", label: "model", words: "the model" },
  { value: "stream", label: "streamed", words: "the call is streamed" },
  { value: "background", label: "in the background", words: "the call is in the background" },
] as const;

export const OPERATORS: readonly { value: Operator; label: string; kind: "text" | "number" | "none" }[] = [
  { value: "is", label: "is", kind: "text" },
  { value: "is_not", label: "is not", kind: "text" },
  { value: "one_of", label: "is one of", kind: "text" },
  { value: "contains", label: "contains", kind: "text" },
  { value: "starts", label: "begins with", kind: "text" },
  { value: "ends", label: "ends with", kind: "text" },
  { value: "more", label: "is more than", kind: "number" },
  { value: "least", label: "is at least", kind: "number" },
  { value: "less", label: "is less than", kind: "number" },
  { value: "most", label: "is at most", kind: "number" },
  { value: "equals", label: "equals", kind: "number" },
  { value: "given", label: "is given", kind: "none" },
  { value: "not_given", label: "is not given", kind: "none" },
  { value: "true", label: "is true", kind: "none" },
  { value: "false", label: "is false", kind: "none" },
];
const COMPARED: Partial<Record<Operator, string>> = { is: "==", is_not: "!=", equals: "==", less: "<", most: "<=", more: ">", least: ">=" };
const NUMBERS = new Set(["input_tokens", "version"]);
const FLAGS = new Set(["stream", "background"]);

export function hasName(word: string): boolean {
  return word === "variables" || word === "metadata";
}

/** What may be asked of this word. */
export function operatorsOf(word: string): readonly Operator[] {
  if (FLAGS.has(word)) return ["true", "false"];
  if (NUMBERS.has(word)) return ["more", "least", "less", "most", "equals"];
  const texts = OPERATORS.filter((one) => one.kind === "text").map((one) => one.value);
  return hasName(word) ? OPERATORS.map((one) => one.value) : [...texts, "given", "not_given"];
}

export function newTerm(word = "variables"): Term {
  return { word, name: "", operator: operatorsOf(word)[0] ?? "is", value: "" };
}

/** Why a term says nothing yet. */
export function faultOf({ word, name, operator, value }: Term): string | null {
  if (hasName(word) && !/^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$/.test(name.trim())) return "The name of one, such as tier or customer.plan.";
  const kind = OPERATORS.find((one) => one.value === operator)?.kind;
  if (kind === "number" && (value.trim() === "" || !Number.isFinite(Number(value)))) return "A number.";
  if (kind === "text" && value.trim() === "") return "What it is compared with.";
  return null;
}

/** Why a condition of several terms cannot be saved yet; which term, where there are more. */
export function missingOf({ terms }: Condition): string | null {
  for (const [at, term] of terms.entries()) {
    const fault = faultOf(term);
    if (fault) return `${terms.length > 1 ? `Condition ${at + 1}` : "The condition"} needs this: ${fault.charAt(0).toLowerCase()}${fault.slice(1)}`;
  }
  return null;
}

function expressionOf({ word, name, operator, value }: Term): string {
  const field = hasName(word) ? `${word}.${name.trim()}` : word;
  const text = JSON.stringify(value.trim());
  switch (operator) {
    case "true":
      return FLAGS.has(word) ? field : `${field} == true`;
    case "false":
      return FLAGS.has(word) ? `not ${field}` : `${field} == false`;
    case "given":
      return `exists(${field})`;
    case "not_given":
      return `not exists(${field})`;
    case "contains":
      return `${text} in ${field}`;
    case "starts":
      return `starts_with(${field}, ${text})`;
    case "ends":
      return `ends_with(${field}, ${text})`;
    case "one_of":
      return `${field} in [${value.split(",").map((one) => JSON.stringify(one.trim())).join(", ")}]`;
    case "is":
    case "is_not":
      return `${field} ${COMPARED[operator]} ${text}`;
    default:
      return `${field} ${COMPARED[operator]} ${Number(value)}`;
  }
}

export function toExpression({ join, terms }: Condition): string {
  return terms.map(expressionOf).join(` ${join} `);
}

const FIELD = String.raw`([a-z_]+)((?:\.[A-Za-z_][A-Za-z0-9_]*)*)`;
const TEXT = String.raw`("(?:[^"\\]|\\.)*")`;
const FORMS: readonly [RegExp, (match: RegExpExecArray) => Omit<Term, "word" | "name"> & { field: [string, string] }][] = [
  [new RegExp(`^not exists\\(${FIELD}\\)$`), (m) => ({ field: [m[1]!, m[2]!], operator: "not_given", value: "" })],
  [new RegExp(`^exists\\(${FIELD}\\)$`), (m) => ({ field: [m[1]!, m[2]!], operator: "given", value: "" })],
  [new RegExp(`^not (stream|background)()$`), (m) => ({ field: [m[1]!, ""], operator: "false", value: "" })],
  [new RegExp(`^(stream|background)()$`), (m) => ({ field: [m[1]!, ""], operator: "true", value: "" })],
  [new RegExp(`^${FIELD} == (true|false)$`), (m) => ({ field: [m[1]!, m[2]!], operator: m[3] as Operator, value: "" })],
  [new RegExp(`^starts_with\\(${FIELD}, ${TEXT}\\)$`), (m) => ({ field: [m[1]!, m[2]!], operator: "starts", value: unquoted(m[3]!) })],
  [new RegExp(`^ends_with\\(${FIELD}, ${TEXT}\\)$`), (m) => ({ field: [m[1]!, m[2]!], operator: "ends", value: unquoted(m[3]!) })],
  [new RegExp(`^${TEXT} in ${FIELD}$`), (m) => ({ field: [m[2]!, m[3]!], operator: "contains", value: unquoted(m[1]!) })],
  [new RegExp(`^${FIELD} in \\[(${TEXT}(?:, ?${TEXT})*)\\]$`), (m) => ({ field: [m[1]!, m[2]!], operator: "one_of", value: (JSON.parse(`[${m[3]!}]`) as string[]).join(", ") })],
  [new RegExp(`^${FIELD} (==|!=) ${TEXT}$`), (m) => ({ field: [m[1]!, m[2]!], operator: m[3] === "==" ? "is" : "is_not", value: unquoted(m[4]!) })],
  [new RegExp(`^${FIELD} (==|<=?|>=?) (-?\\d+(?:\\.\\d+)?)$`), (m) => ({ field: [m[1]!, m[2]!], operator: ({ "==": "equals", "<": "less", "<=": "most", ">": "more", ">=": "least" } as Record<string, Operator>)[m[3]!]!, value: m[4]! })],
];

function unquoted(text: string): string {
  return JSON.parse(text) as string;
}

/** The expression as a form would have it; null where it says more than a form can. */
export function fromExpression(expression: string): Condition | null {
  const parts = split(expression.trim());
  if (!parts) return null;
  const terms = parts.terms.map(termOf);
  const read = terms.every((one) => one !== null) ? { join: parts.join, terms: terms as Term[] } : null;
  // Only what would be written just so: the form never changes what somebody else wrote.
  return read && toExpression(read).replaceAll(/\s+/g, "") === expression.replaceAll(/\s+/g, "") ? read : null;
}

function termOf(text: string): Term | null {
  for (const [form, read] of FORMS) {
    const match = form.exec(text);
    if (!match) continue;
    let found;
    try {
      found = read(match);
    } catch {
      return null;
    }
    const [word, rest] = found.field;
    const name = rest.replace(/^\./, "");
    if (!WORDS.some((one) => one.value === word) || hasName(word) !== (name !== "")) return null;
    return operatorsOf(word).includes(found.operator) ? { word, name, operator: found.operator, value: found.value } : null;
  }
  return null;
}

/** At `and` or `or`, where they stand outside of texts, lists and brackets; null where both do. */
function split(expression: string): { join: "and" | "or"; terms: string[] } | null {
  const terms: string[] = [];
  const joins = new Set<string>();
  let from = 0;
  let depth = 0;
  for (let at = 0; at < expression.length; at++) {
    const char = expression[at]!;
    if (char === '"') {
      for (at++; at < expression.length && expression[at] !== '"'; at++) if (expression[at] === "\\") at++;
    } else if (char === "(" || char === "[") depth++;
    else if (char === ")" || char === "]") depth--;
    else if (depth === 0) {
      const join = /^\s(and|or)\s/.exec(expression.slice(at, at + 5));
      if (!join) continue;
      terms.push(expression.slice(from, at).trim());
      joins.add(join[1]!);
      at += join[0].length - 1;
      from = at + 1;
    }
  }
  terms.push(expression.slice(from).trim());
  return joins.size > 1 ? null : { join: joins.has("or") ? "or" : "and", terms };
}

/** "the variable tier is “gold” and the app is “mobile”"; null where only the expression itself says it. */
export function inWords(expression: string): string | null {
  const read = fromExpression(expression);
  return read ? read.terms.map(wordsOf).join(` ${read.join} `) : null;
}

function wordsOf({ word, name, operator, value }: Term): string {
  const known = WORDS.find((one) => one.value === word);
  if (FLAGS.has(word)) return operator === "true" ? (known?.words ?? word) : (known?.words ?? word).replace(" is ", " is not ");
  const what = hasName(word) ? `${known?.words} ${name}` : (known?.words ?? word);
  const { label, kind } = OPERATORS.find((one) => one.value === operator)!;
  if (kind === "none") return `${what} ${label}`;
  if (operator === "one_of") return `${what} ${label} ${value.split(",").map((one) => `“${one.trim()}”`).join(", ")}`;
  return `${what} ${label} ${kind === "number" ? Number(value).toLocaleString("en-US") : `“${value}”`}`;
}
