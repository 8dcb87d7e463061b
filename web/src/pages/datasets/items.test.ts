import { expect, it } from "vitest";
import { csvLines, guessMapping, inputWords, mapRows, readRows, runOf } from "./items";

it("reads CSV with quotes, breaks within them and semicolons", () => {
  expect(csvLines('a,b\n"x, ""y""\nz",2\n\n')).toEqual([["a", "b"], ['x, "y"\nz', "2"]]);
  const rows = readRows("ticket;label\nWhere is it?;delivery\n");
  expect(rows).toEqual({ format: "CSV", columns: ["ticket", "label"], rows: [{ ticket: "Where is it?", label: "delivery" }], places: [2] });
  expect(() => readRows("input,expected\na,b,c")).toThrow("Line 2 has 3 fields, but there are 2 columns. Is a comma");
  expect(() => readRows('input,expected\n"a\nb",c\n\nd;e,f\ng,h,i')).toThrow("Line 6 has 3 fields");
  expect(() => readRows('input,expected\nc,d\n"a,b')).toThrow("A quote is opened in line 3 and never closed.");
});

it("reads JSON lines, a list, and the body of the API", () => {
  const one = { input: { ticket: "x" }, expected: "y" };
  expect(readRows(`${JSON.stringify(one)}\n\n${JSON.stringify(one)}`)).toMatchObject({ format: "JSONL", columns: ["input", "expected"], rows: [one, one] });
  expect(readRows(JSON.stringify([one], null, 2)).rows).toEqual([one]);
  expect(readRows(JSON.stringify({ items: [one, one] }, null, 2)).rows).toHaveLength(2);
  expect(() => readRows('{"input": "a", "expected": "b"}\n{"input"')).toThrow("Line 2 is not valid JSON");
});

it("counts rows as a sheet does: the header is the first, cells of several lines are one, empty rows count", () => {
  expect(readRows('input,expected\n"a\nb",x\n\nc,y\n').places).toEqual([2, 4]);
  expect(readRows("\n\ninput,expected\na,x\n").places).toEqual([4]);
  expect(readRows('{"input": "a"}\n\n{"input": "b"}').places).toEqual([1, 3]);
  expect(readRows('[{"input": "a"}, {"input": "b"}]').places).toEqual([1, 2]);
});

it("takes the line of a sheet that names the delimiter for what it is", () => {
  for (const line of ["sep=;", '"sep=;"', "SEP=;;;"]) expect(readRows(`\ufeff${line}\r\ninput;expected\r\na, b;c`)).toEqual({ format: "CSV", columns: ["input", "expected"], rows: [{ input: "a, b", expected: "c" }], places: [2] });
  expect(readRows("sep=|\ninput|expected\na|b").columns).toEqual(["input", "expected"]);
  expect(() => readRows("sep=;\na;b\n1;2;3")).toThrow("Line 3 has 3 fields");
});

it("guesses columns by their names, and a right answer by nothing else", () => {
  expect(guessMapping(readRows("id,question,answer,split\n1,a,b,val"))).toEqual({ id: "metadata", question: "input", answer: "expected", split: "split" });
  expect(guessMapping(readRows("subject,mail,queue\na,b,c"), ["subject", "mail"])).toEqual({ subject: "variable", mail: "variable", queue: "expected" });
  expect(guessMapping(readRows("foo,bar\na,b"))).toEqual({ foo: "input", bar: "metadata" });
  expect(guessMapping(readRows("ticket,customer\na,b"))).toEqual({ ticket: "input", customer: "metadata" });
  expect(guessMapping(readRows("text,category,Expected Output\na,b,c"))).toEqual({ text: "input", category: "metadata", "Expected Output": "expected" });
  for (const name of ["expected", "answer", "label", "output", "target", "ground_truth", "correct_answer", "reference", "queue"]) expect(guessMapping(readRows(`foo,${name}\na,b`))).toEqual({ foo: "input", [name]: "expected" });
});

it("asks what is right where no column says so", () => {
  const rows = readRows("ticket,customer\nWhere is it?,ann");
  expect(mapRows(rows, guessMapping(rows)).problems).toEqual(["Say which column holds the expected answer, or that there is none."]);
  expect(mapRows(rows, guessMapping(rows), "keep").items).toEqual([{ input: "Where is it?", expected: null, metadata: { customer: "ann" } }]);
});

it("makes items, and says what is wrong by row", () => {
  const rows = readRows("text,label,split,who\nhello,greeting,val,ann\nbye,parting,,bob\n");
  expect(mapRows(rows, guessMapping(rows))).toEqual({
    items: [
      { input: "hello", expected: "greeting", split: "validation", metadata: { who: "ann" } },
      { input: "bye", expected: "parting", metadata: { who: "bob" } },
    ],
    rowsOf: [2, 3],
    blank: [],
    problems: [],
    counts: { train: 0, validation: 1, test: 0, "by hash": 1 },
  });
  const wrong = mapRows(readRows("text,label,split\n,x,\na,b,later"), { text: "input", label: "expected", split: "split" });
  expect(wrong.problems).toEqual(["Row 2 has no input.", "Row 3: a split is train, validation or test, not “later”."]);
  expect(mapRows(rows, { text: "input", label: "variable", split: "skip", who: "skip" }).problems).toHaveLength(2);
});

it("shows an input of one variable as its value", () => {
  expect(inputWords({ ticket: "Hello" })).toBe("Hello");
  expect(inputWords({ a: "x", n: 2 })).toBe("a: x\nn: 2");
});

it("names rows that expect nothing, and leaves them out where it is told to", () => {
  const rows = readRows("text,label\nhello,greeting\nhm,  \nbye,parting\n,\n");
  const mapping = guessMapping(rows);
  expect(mapRows(rows, mapping)).toMatchObject({ blank: [3, 5], problems: ["Row 3 has no expected answer.", "Row 5 has no input."] });
  const kept = mapRows(rows, mapping, "leave out");
  expect(kept).toMatchObject({ rowsOf: [2, 4], blank: [3, 5], problems: [] });
  expect(kept.items.map((one) => one.expected)).toEqual(["greeting", "parting"]);
});

it("keeps rows without a right answer where somebody says that there is none", () => {
  const rows = readRows("text,label\nhello,greeting\nhm,  \n");
  expect(mapRows(rows, guessMapping(rows), "keep")).toMatchObject({ blank: [3], problems: [], items: [{ input: "hello", expected: "greeting" }, { input: "hm", expected: null }] });
  const letters = readRows("text,sender\nDear all,ann\n");
  const mapping = { text: "input", sender: "metadata" } as const;
  expect(mapRows(letters, mapping).problems).toEqual(["Say which column holds the expected answer, or that there is none."]);
  expect(mapRows(letters, mapping, "keep")).toMatchObject({ problems: [], blank: [], items: [{ input: "Dear all", expected: null, metadata: { sender: "ann" } }] });
  expect(mapRows(readRows("text\nDear all\n"), { text: "input" }, "keep").items).toEqual([{ input: "Dear all", expected: null }]);
  expect(() => readRows("what is this")).toThrow("at least two columns");
});

it("reads what quotes its header, and blanks behind the commas, as the API does", () => {
  expect(readRows('"input";"expected"\n"a; b";"c"')).toMatchObject({ columns: ["input", "expected"], rows: [{ input: "a; b", expected: "c" }] });
  expect(readRows('"Question, short",expected\na,b')).toMatchObject({ columns: ["Question, short", "expected"] });
  expect(readRows('input, expected\nhi, "a, b"')).toMatchObject({ columns: ["input", "expected"], rows: [{ input: "hi", expected: "a, b" }] });
  expect(readRows("input,expected\nhi, a").rows).toEqual([{ input: "hi", expected: " a" }]);
});

it("knows the run that an item was made from by its id alone", () => {
  const id = "01a21bea-4c17-7c58-8ea0-3f5a5b1f9ed2";
  expect(runOf({ execution_id: id, source: "execution" })).toBe(id);
  for (const other of [undefined, null, 7, "", "../people", `${id}/x`]) expect(runOf({ execution_id: other })).toBeNull();
});

it("takes a tab before the header for its first, empty cell", () => {
  expect(readRows("\tinput\texpected\n0\ta\tb\n")).toMatchObject({ columns: ["", "input", "expected"], rows: [{ "": "0", input: "a", expected: "b" }], places: [2] });
  expect(readRows("\t\n\n\tinput\texpected\n0\ta\tb\n\t\n").places).toEqual([4]);
});
