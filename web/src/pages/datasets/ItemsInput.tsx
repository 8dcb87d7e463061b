import { FileUp, X } from "lucide-react";
import { type DragEvent, useEffect, useMemo, useRef, useState } from "react";
import { Badge, Button, Checkbox, Field, Notice, Select, Textarea } from "@/kit";
import { classes } from "@/lib/classes";
import { bytes, count, plural } from "@/lib/format";
import { textOfFile } from "@/lib/text-of-file";
import { WouldBecome } from "./WouldBecome";
import { type Blank, FILE_MOST_BYTES, type Item, type Mapping, type Role, type Rows, SPLITS, guessMapping, mapRows, readRows, wordsOf } from "./items";

const ROLES: readonly { value: Role; label: string }[] = [
  { value: "input", label: "Input" },
  { value: "variable", label: "Variable" },
  { value: "expected", label: "Expected answer" },
  { value: "split", label: "Split" },
  { value: "group", label: "User or conversation" },
  { value: "metadata", label: "Metadata" },
  { value: "skip", label: "Leave out" },
];
const ROWS_SHOWN = 5;
const BLANK_SHOWN = 10;
/** The demo's tickets, with their splits; see the example in the form for a prompt. */
const EXAMPLES = "/app/examples/support-tickets.txt";
const EXAMPLE = "ticket,expected\nWhere is my parcel?,delivery\nI was charged twice,billing";

/** What a form with it is `missing` while there are none. */
export const NO_ITEMS = "There are no items to send yet.";

type Given = { rows: Rows | null; error: string | null };

function given(text: string): Given {
  try {
    const rows = readRows(text);
    return { rows: rows.rows.length === 0 && rows.columns.length === 0 ? null : rows, error: null };
  } catch (error) {
    return { rows: null, error: error instanceof Error ? error.message : String(error) };
  }
}

/** The first of them by their numbers. */
function rowsNamed(numbers: readonly number[]): string {
  const more = numbers.length - BLANK_SHOWN;
  return `${numbers.length === 1 ? "Row" : "Rows"} ${numbers.slice(0, BLANK_SHOWN).join(", ")}${more > 0 ? ` and ${count(more)} more` : ""}.`;
}

/** Items by paste or from a file, with what each column is; tells `onItems` what is fit to be sent, or null. */
export function ItemsInput({ onItems, onFile, variables, withExample }: { onItems: (items: Item[] | null) => void; /** Told the name of a file without its end. */ onFile?: (name: string) => void; variables?: readonly string[]; /** Offers tickets to try things with. */ withExample?: boolean }) {
  const [text, setText] = useState("");
  const [file, setFile] = useState<{ name: string; size: number } | null>(null);
  const [fileError, setFileError] = useState<string | null>(null);
  const [chosen, setChosen] = useState<Mapping>({});
  const { rows, error } = useMemo(() => given(text), [text]);
  const mapping = useMemo(() => (rows ? { ...guessMapping(rows, variables), ...chosen } : {}), [rows, variables, chosen]);
  const [whenBlank, setWhenBlank] = useState<Blank>("refuse");
  const mapped = useMemo(() => (rows ? mapRows(rows, mapping, whenBlank) : null), [rows, mapping, whenBlank]);
  const ready = mapped && mapped.problems.length === 0 && mapped.items.length > 0 ? mapped.items : null;
  useEffect(() => onItems(ready), [ready, onItems]);

  // What is chosen, typed or taken away later stays: no text that was on its way comes over it.
  const turn = useRef(0);
  const take = async (picked: File | undefined) => {
    if (!picked) return;
    const mine = ++turn.current;
    if (picked.size > FILE_MOST_BYTES) {
      setFileError(`${picked.name} is ${bytes(picked.size)}; at most ${bytes(FILE_MOST_BYTES)} go at once. Split it, and add the parts one after the other.`);
      return;
    }
    setFileError(null);
    setChosen({});
    setWhenBlank("refuse");
    setFile({ name: picked.name, size: picked.size });
    onFile?.(picked.name.replace(/\.[^.]*$/, ""));
    const bytesOfIt = await picked.arrayBuffer();
    if (turn.current !== mine) return;
    try {
      setText(textOfFile(bytesOfIt));
    } catch (problem) {
      setFile(null);
      setFileError(problem instanceof Error ? problem.message : String(problem));
    }
  };
  const takeExample = async () => {
    const mine = ++turn.current;
    const response = await fetch(EXAMPLES).catch(() => null);
    const found = response?.ok ? await response.text().catch(() => null) : null;
    if (turn.current !== mine) return;
    if (found !== null) await take(new File([found], "support-tickets.jsonl"));
    else setFileError("The examples could not be read. Is the connection up?");
  };
  const type = (next: string) => {
    turn.current++;
    // What was wrong with a file is nothing against the text, and would hide what is.
    setFileError(null);
    setText(next);
  };
  const clear = () => {
    turn.current++;
    setFile(null);
    setFileError(null);
    setText("");
    setChosen({});
    setWhenBlank("refuse");
  };

  return (
    <div className="flex min-w-0 flex-col gap-3">
      {file ? (
        <div className="flex items-center justify-between gap-2 rounded-m border border-line px-3 py-2 text-13">
          <span className="min-w-0 truncate">
            {file.name} <span className="text-muted">{bytes(file.size)}</span>
          </span>
          <Button size="s" variant="ghost" icon={<X size={14} aria-hidden />} onClick={clear}>
            Take another
          </Button>
        </div>
      ) : (
        <Paste text={text} setText={type} onFile={(picked) => void take(picked)} onExample={withExample && !text ? () => void takeExample() : undefined} />
      )}
      {(error ?? fileError) ? (
        <p role="alert" className="text-13 text-bad">
          {fileError ?? error}
        </p>
      ) : null}
      {rows && mapped ? (
        <>
          <Preview rows={rows} mapping={mapping} onRole={(column, role) => setChosen({ ...chosen, [column]: role })} />
          <WithoutAnswer blank={mapped.blank} hasColumn={Object.values(mapping).includes("expected")} value={whenBlank} onChange={setWhenBlank} />
          {mapped.problems.length > 0 ? (
            <Notice tone="warn" title="Not ready yet.">
              <ul className="list-disc pl-4">
                {mapped.problems.map((problem) => (
                  <li key={problem}>{problem}</li>
                ))}
              </ul>
            </Notice>
          ) : (
            <p role="status" className="numeric flex flex-wrap items-center gap-1.5 text-13">
              <strong className="font-semibold">{plural(mapped.items.length, "item")}</strong> from {rows.format}:
              {SPLITS.filter((split) => mapped.counts[split] > 0).map((split) => (
                <Badge key={split}>
                  {count(mapped.counts[split])} {split}
                </Badge>
              ))}
              {mapped.counts["by hash"] > 0 ? <span className="text-muted">{mapped.counts["by hash"] === mapped.items.length ? "" : `${count(mapped.counts["by hash"])} `}split by a hash: about 50 % train, 20 % validation, 30 % test</span> : null}
            </p>
          )}
          {ready ? <WouldBecome items={ready} rowsOf={mapped.rowsOf} /> : null}
        </>
      ) : null}
    </div>
  );
}

/** What becomes of rows that expect nothing, or of all of them where no column says what is right. */
function WithoutAnswer({ blank, hasColumn, value, onChange }: { blank: readonly number[]; hasColumn: boolean; value: Blank; onChange: (next: Blank) => void }) {
  if (hasColumn && blank.length === 0) return null;
  const rows = plural(blank.length, "row");
  const expect = blank.length === 1 ? "expects" : "expect";
  return (
    <div className="flex flex-col gap-1.5">
      {hasColumn ? <Checkbox label={`Leave out ${rows} that ${expect} nothing`} hint={rowsNamed(blank)} checked={value === "leave out"} onChange={(event) => onChange(event.target.checked ? "leave out" : "refuse")} /> : null}
      <Checkbox
        label={hasColumn ? `Keep ${rows} without a right answer` : "There is no right answer"}
        hint="Evaluators judge what is answered. A test run, and a search, then need one that can."
        checked={value === "keep"}
        onChange={(event) => onChange(event.target.checked ? "keep" : "refuse")}
      />
    </div>
  );
}

function Paste({ text, setText, onFile, onExample }: { text: string; setText: (text: string) => void; onFile: (file: File | undefined) => void; onExample?: () => void }) {
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    onFile(event.dataTransfer.files[0]);
  };
  return (
    <div
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
      className={classes("rounded-m", over && "outline-2 outline-offset-4 outline-accent outline-dashed")}
    >
      <Field label="Items" hint="CSV with a line of names, JSON lines, or a JSON list. Drop a file here, or paste.">
        <Textarea mono rows={6} value={text} onChange={(event) => setText(event.target.value)} placeholder={EXAMPLE} className="max-h-48!" />
      </Field>
      <input ref={input} type="file" accept=".csv,.tsv,.jsonl,.ndjson,.json,.txt,text/csv,application/json" aria-label="File of items" className="sr-only" tabIndex={-1} onChange={(event) => onFile(event.target.files?.[0])} />
      <Button size="s" className="mt-2" icon={<FileUp size={14} aria-hidden />} onClick={() => input.current?.click()}>
        Choose a file
      </Button>
      {onExample ? (
        <Button size="s" variant="ghost" className="mt-2 ml-2" onClick={onExample}>
          Take example tickets
        </Button>
      ) : null}
    </div>
  );
}

/** The first rows; above each column what it is. */
function Preview({ rows, mapping, onRole }: { rows: Rows; mapping: Mapping; onRole: (column: string, role: Role) => void }) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard
    <div role="region" aria-label="What each column is" tabIndex={0} className="overflow-x-auto rounded-m border border-line">
      <table className="w-full border-collapse text-12">
        <thead className="bg-sunken">
          <tr>
            {rows.columns.map((column) => (
              <th key={column} scope="col" className="min-w-40 border-b border-line p-2 text-left align-bottom font-normal">
                <span className="mb-1 block truncate font-mono text-12 font-medium" title={column}>
                  {column}
                </span>
                <Select compact className="w-full" aria-label={`Column ${column} is`} value={mapping[column] ?? "metadata"} onChange={(role) => onRole(column, role)} options={ROLES} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.rows.slice(0, ROWS_SHOWN).map((row, at) => (
            <tr key={at} className="border-b border-line last:border-b-0">
              {rows.columns.map((column) => (
                <td key={column} className={classes("max-w-72 truncate px-2 py-1.5", mapping[column] === "skip" && "text-muted line-through")} title={wordsOf(row[column]).slice(0, 400)}>
                  {wordsOf(row[column]).slice(0, 200) || <span className="text-muted">(empty)</span>}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.rows.length > ROWS_SHOWN ? <p className="numeric border-t border-line bg-sunken px-2 py-1 text-12 text-muted">and {count(rows.rows.length - ROWS_SHOWN)} more</p> : null}
    </div>
  );
}
