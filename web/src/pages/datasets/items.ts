/** From pasted text or a file to items of a dataset: rows, what each column is, items. Pure. */
import type { Schema } from "@/api/client";
import { filesNamed } from "@/lib/files-named";

export type Cell = unknown;
export type Rows = { format: "CSV" | "JSONL" | "JSON"; columns: string[]; rows: Record<string, Cell>[]; /** Of each row, where it stands: as a sheet counts, whose first row is the header; of JSON lines the line, of a list the place. */ places: number[] };

/** What a column is: the input itself, a variable of it, the right answer, the split, the user or conversation it comes from, something to keep beside it, or nothing. */
export type Role = "input" | "variable" | "expected" | "split" | "group" | "metadata" | "skip";
export type Mapping = Readonly<Record<string, Role>>;
export type Item = { input: string | Record<string, Cell>; /** null: there is no right answer. */ expected: string | null; split?: string; group?: string; metadata?: Record<string, Cell> };
export type Split = "train" | "validation" | "test";

export const SPLITS: readonly Split[] = ["train", "validation", "test"];
/** A dataset holds no more (the API says the same). */
export const ITEMS_MOST = 10_000;
export const FILE_MOST_BYTES = 16 * 1024 * 1024;
const PROBLEMS_MOST = 20;

/** Reads CSV, JSON lines or a JSON list. Throws an Error whose message says what to mend, and in which line. */
export function readRows(text: string): Rows {
  const whole = text.replace(/^\ufeff/, "");
  const trimmed = whole.trim();
  if (!trimmed) return { format: "CSV", columns: [], rows: [], places: [] };
  const above = whole.slice(0, whole.length - whole.trimStart().length).split("\n").length - 1;
  if (trimmed.startsWith("[")) return tableOf("JSON", parsed(trimmed, "The list"));
  if (trimmed.startsWith("{")) {
    const lines = trimmed.split(/\r?\n/);
    const first = tryJson(lines[0] ?? "");
    // One object over several lines: what the API takes ({"items": […]}), or a single item.
    if (first === undefined) {
      const read = parsed(trimmed, "The text");
      const items = isObject(read) && Array.isArray(read["items"]) ? read["items"] : [read];
      return tableOf("JSON", items);
    }
    if (lines.length === 1 && isObject(first) && Array.isArray(first["items"])) return tableOf("JSON", first["items"]);
    return tableOf(
      "JSONL",
      lines.flatMap((line, at) => (line.trim() ? [parsed(line, `Line ${above + at + 1}`)] : [])),
      lines.flatMap((line, at) => (line.trim() ? [above + at + 1] : [])),
    );
  }
  // A tab before the header is its first, empty cell, as pandas writes it above an index; empty lines and blanks go.
  return csvTable(whole.trimEnd().replace(/^([^\S\n]*\n)+/, "").replace(/^[^\S\t]+/, ""), above);
}

function tableOf(format: "JSON" | "JSONL", values: unknown, places?: number[]): Rows {
  if (!Array.isArray(values)) throw new Error("A list of objects is needed, each with an input and what is expected.");
  const rows = values.map((value, at) => {
    if (!isObject(value)) throw new Error(`Item ${at + 1} is not an object: {"input": …, "expected": …}.`);
    return value;
  });
  return { format, columns: [...new Set(rows.flatMap((row) => Object.keys(row)))], rows, places: places ?? rows.map((_, at) => at + 1) };
}

function parsed(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${what} is not valid JSON: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const SEPARATORS: Record<string, string> = { ",": "comma", ";": "semicolon", "\t": "tab" };

/** `sep=;`, by which sheets say which delimiter they wrote; no sheet shows it as a row. */
const SEPARATOR_LINE = /^"?sep=([^\w" \r\n])"?[ \t,;]*\r?\n/i;

/** `above`: how many lines stand before the text. */
function csvTable(given: string, above: number): Rows {
  const told = SEPARATOR_LINE.exec(given);
  const text = told ? given.slice(told[0].length) : given;
  const lineOf = (line: number) => above + (told ? 1 : 0) + line;
  const first = text.slice(0, text.search(/\r?\n|$/)).replace(/"[^"]*"/g, "x");
  // Spreadsheets copy with tabs, and save with semicolons in half of Europe.
  const separator = told?.[1] ?? ["\t", ";", ","].find((one) => first.includes(one)) ?? ",";
  // As the API reads it: where the header has a blank behind each, it is no part of the cells either.
  const isSpaced = first.split(separator).slice(1).every((name) => name.startsWith(" "));
  const lines = csvRecords(text, separator, isSpaced);
  const columns = (lines[0]?.cells ?? []).map((name) => name.trim());
  const isInputs = columns.length === 1 && INPUT.test(columns[0] ?? "");
  if (columns.length < 2 && !isInputs) throw new Error("A first line with the names of at least two columns is needed, such as input,expected; or with input alone.");
  const twice = columns.find((name, at) => columns.indexOf(name) !== at);
  if (twice !== undefined) throw new Error(`Two columns are called “${twice}”.`);
  const rows = lines.slice(1).map(({ cells, line }) => {
    if (cells.length > columns.length) throw new Error(`Line ${lineOf(line)} has ${cells.length} fields, but there are ${columns.length} columns. Is a ${SEPARATORS[separator] ?? separator} in it not within quotes?`);
    return Object.fromEntries(columns.map((name, column) => [name, cells[column] ?? ""]));
  });
  return { format: "CSV", columns, rows, places: lines.slice(1).map(({ row }) => above + row) };
}

/** RFC 4180: quotes around a field, doubled within; lines may break within quotes. Empty lines are passed over. */
export function csvLines(text: string, separator = ","): string[][] {
  return csvRecords(text, separator, false).map(({ cells }) => cells);
}

/** Each with the line of the text that it begins in, and its row as a sheet counts: a cell of several lines is in one, empty ones count. */
function csvRecords(text: string, separator: string, isSpaced: boolean): { cells: string[]; line: number; row: number }[] {
  const lines: { cells: string[]; line: number; row: number }[] = [];
  let row = 0;
  let line: string[] = [];
  let [begins, now, openedIn] = [1, 1, 1];
  let field = "";
  let quoted = false;
  const endLine = () => {
    line.push(field);
    row++;
    if (line.length > 1 || line[0]) lines.push({ cells: line, line: begins, row });
    begins = now + 1;
    line = [];
    field = "";
  };
  for (let at = 0; at < text.length; at++) {
    const one = text[at];
    if (one === "\n" && quoted) now++;
    if (quoted) {
      if (one !== '"') field += one;
      else if (text[at + 1] === '"') {
        field += '"';
        at++;
      } else quoted = false;
    } else if (one === '"' && field === "") [quoted, openedIn] = [true, now];
    else if (one === " " && field === "" && isSpaced) continue;
    else if (one === separator) {
      line.push(field);
      field = "";
    } else if (one === "\n") {
      endLine();
      now++;
    } else if (one !== "\r") field += one;
  }
  if (quoted) throw new Error(`A quote is opened in line ${openedIn} and never closed.`);
  endLine();
  return lines;
}

const INPUT = /^(input|text|question|query|ticket|message|body|content|sentence|utterance)$/i;
const NAMES: readonly (readonly [Role, RegExp])[] = [
  ["split", /^(split|set|fold|partition)$/i],
  ["group", /^(group|conversation|conversation_id|session_id|thread_id|user_id|customer_id)$/i],
  ["input", INPUT],
];
/** Names of right answers, the surest first. */
const ANSWERS: readonly RegExp[] = [
  /^((expected|ideal|reference|right|correct|gold|target)[ _-]?(answer|output|response|result|label)?|ground[ _-]?truth|truth)$/i,
  /^(answer|label|output|completion|response)$/i,
  /^(category|class|intent|queue|topic|sentiment)$/i,
];

/** What the names of the columns suggest. Where none says that it is the right answer, none is taken for it. `variables`: of a prompt that the items are for; such columns are variables. */
export function guessMapping({ columns }: Rows, variables: readonly string[] = []): Mapping {
  const found: Record<string, Role> = {};
  const taken = new Set<Role>();
  const free = columns.filter((name) => !variables.includes(name));
  const answer = ANSWERS.map((pattern) => free.find((name) => pattern.test(name))).find((name) => name !== undefined);
  for (const name of columns) {
    const named = NAMES.find(([one, pattern]) => pattern.test(name) && !taken.has(one))?.[0] ?? "metadata";
    const role = variables.includes(name) ? "variable" : name === answer ? "expected" : named;
    found[name] = role;
    taken.add(role);
  }
  // The input has a name of its own in most files; what is right is said by a name alone, as any column could be it.
  const other = columns.find((name) => found[name] === "metadata");
  if (!taken.has("input") && !taken.has("variable") && other !== undefined) found[other] = "input";
  return found;
}

export type Mapped = { items: Item[]; /** Of each item, the row that it comes from. */ rowsOf: number[]; /** Rows that expect nothing. */ blank: number[]; /** What keeps them from being sent; the first ones. */ problems: string[]; counts: Record<Split | "by hash", number> };

/** What becomes of rows that expect nothing: they are problems, as to the API; they are passed over; or they are items without a right answer. */
export type Blank = "refuse" | "leave out" | "keep";

/** The items that the rows become. With `keep` there need be no column of right answers. */
export function mapRows({ rows, columns, places }: Rows, mapping: Mapping, whenBlank: Blank = "refuse"): Mapped {
  const having = (role: Role) => columns.filter((name) => mapping[name] === role);
  const [inputs, variables, expected, splits, groups, kept] = [having("input"), having("variable"), having("expected"), having("split"), having("group"), having("metadata")];
  const counts = { train: 0, validation: 0, test: 0, "by hash": 0 };
  const problems: string[] = [];
  if (expected.length > 1) problems.push("Only one column can hold the expected answer.");
  else if (expected.length === 0 && whenBlank !== "keep") problems.push("Say which column holds the expected answer, or that there is none.");
  if (inputs.length + variables.length === 0) problems.push("Say which column holds the input, or which are the variables of the prompt.");
  if (inputs.length > 1) problems.push("Only one column can be the input; name several as variables instead.");
  if (inputs.length > 0 && variables.length > 0) problems.push("Either one column is the input, or some are variables: not both.");
  if (splits.length > 1) problems.push("Only one column can hold the split.");
  if (groups.length > 1) problems.push("Only one column can hold the user or conversation.");
  if (rows.length > ITEMS_MOST) problems.push(`A dataset holds at most ${ITEMS_MOST.toLocaleString("en-US")} items; these are ${rows.length.toLocaleString("en-US")}.`);
  if (problems.length > 0) return { items: [], rowsOf: [], blank: [], problems, counts };

  const items: Item[] = [];
  const [rowsOf, blank]: [number[], number[]] = [[], []];
  rows.forEach((row, at) => {
    const place = places[at] ?? at + 1;
    const where = `Row ${place}`;
    const input = variables.length > 0 ? Object.fromEntries(variables.flatMap((name) => (row[name] === undefined ? [] : [[name, row[name]]]))) : inputOf(row[inputs[0] ?? ""]);
    const answer = wordsOf(row[expected[0] ?? ""]);
    const split = splits[0] === undefined ? "" : wordsOf(row[splits[0]]).trim().toLowerCase();
    const known = split === "" ? "by hash" : splitNamed(split);
    const isBlank = answer.trim() === "";
    if (isBlank && expected.length > 0) blank.push(place);
    if (isBlank && whenBlank === "leave out") return;
    if (input === "" || (typeof input === "object" && Object.keys(input).length === 0)) problems.push(`${where} has no input.`);
    else if (isBlank && whenBlank !== "keep") problems.push(`${where} has no expected answer.`);
    else if (known === null) problems.push(`${where}: a split is train, validation or test, not “${split}”.`);
    else {
      counts[known]++;
      rowsOf.push(place);
      const metadata = Object.fromEntries(kept.flatMap((name) => (row[name] === undefined || row[name] === "" ? [] : name === "metadata" && isObject(row[name]) ? Object.entries(row[name]) : [[name, row[name]]])));
      const group = wordsOf(row[groups[0] ?? ""]).trim();
      items.push({ input, expected: isBlank ? null : answer, ...(known === "by hash" ? {} : { split: known }), ...(group ? { group } : {}), ...(Object.keys(metadata).length > 0 ? { metadata } : {}) });
    }
  });
  return { items, rowsOf, blank, problems: problems.length > PROBLEMS_MOST ? [...problems.slice(0, PROBLEMS_MOST), `… and ${problems.length - PROBLEMS_MOST} more.`] : problems, counts };
}

function inputOf(value: Cell): string | Record<string, Cell> {
  return isObject(value) ? value : wordsOf(value);
}

function splitNamed(word: string): Split | null {
  const named = { val: "validation", valid: "validation", dev: "validation" }[word] ?? word;
  return SPLITS.find((one) => one === named) ?? null;
}

/** A value as the text of a cell. */
export function wordsOf(value: Cell): string {
  return typeof value === "string" ? value : value === null || value === undefined ? "" : JSON.stringify(value);
}

/** An input as one text: the value itself where it is the only one, else each variable by name; pictures and files by kind and size. */
export function inputWords(input: Schema<"ItemAnswer">["input"] | unknown): string {
  if (!isObject(input)) return filesNamed(wordsOf(input as Cell));
  const all = Object.entries(input);
  return filesNamed(all.length === 1 ? wordsOf(all[0]?.[1]) : all.map(([name, value]) => `${name}: ${wordsOf(value)}`).join("\n"));
}

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The run that an item was made from, where its metadata says so; null: nobody can tell. */
export function runOf(metadata: Readonly<Record<string, unknown>>): string | null {
  const id = metadata.execution_id;
  return typeof id === "string" && ID.test(id) ? id : null;
}
