import { describe, expect, it, vi } from "vitest";
import { parseMessages } from "@/lib/template";
import { bytesOf } from "@/lib/bytes";
import { askedOf, comparedOf, isAsked } from "./ask";
import { type Asked, type Run, nextRuns } from "./runs";
import { type Column, type Message, newColumn, playgroundOf, productOf, readPlayground, writePlayground } from "./state";
import type { Facts } from "./useColumn";
import { NO_PICTURE, readValue, valuesFor } from "@/lib/values";
import { sharedVariables } from "./variables";

const DATA = "data:image/png;base64,iVBORw0KGgo=";
const LOST = `omitted:image/png;bytes=4032;sha256=${"ab".repeat(32)}`;
const pictureOf = (url: string) => ({ type: "image_url", image_url: { url } });

function facts(messages: { role: string; content: string }[], more: Partial<Facts> = {}): Facts {
  return { template: parseMessages(messages), fault: null, error: null, again: null, model: "m", version: 3, labels: {}, latest: 3, messages, isLoading: false, ...more };
}

it("tells an answer of what stands there from one of what stood there before", () => {
  const of = (ticket: string, model = "") => askedOf(newColumn({ prompt: "triage", model }), facts([{ role: "user", content: "{{ticket}}" }]), { ticket }, "m");
  const before = of("late") as Asked;
  expect([of("late"), of("lost"), of("late", "n"), of("")].map((now) => isAsked(before, now))).toEqual([true, false, false, false]);
});

describe("the address", () => {
  const whole = {
    columns: [newColumn({ prompt: "triage", at: "version:3" }), newColumn({ prompt: "triage", at: "label:staging", model: "simulated/chat", temperature: "0.2" }), newColumn({ kind: "messages", model: "m", messages: [{ role: "user", content: "ä {{x}} <script>" }] })],
    values: { ticket: "Straße & Co. = 3 %", x: "1" },
  };

  it("restores everything", () => {
    const { search, hash } = writePlayground(whole);
    expect(readPlayground(search, `#${hash}`)).toEqual(whole);
  });

  it("says the same when it was read as before, whatever is attached", () => {
    const [picture, document] = [{ type: "image_url", image_url: { url: DATA, detail: "low" } }, { type: "file", file: { content: [{ type: "text", text: "a" }, pictureOf(DATA)] } }];
    const files = [{ id: "1", name: "a.png", part: pictureOf(DATA) }, { id: "2", name: "Picture", part: picture, at: 0 }, { id: "3", name: "Document", part: document, in: 1 }];
    const late = [{ id: "4", name: "late.txt", part: { type: "file", file: { filename: "late.txt" } }, isComing: true as const }];
    const messages = [{ role: "user", content: "a", files }, { role: "user", content: "b", files: late }];
    const written = writePlayground({ columns: [newColumn({ kind: "messages", model: "m", messages })], values: {}, files: { a: files, b: late } });
    expect(writePlayground(readPlayground(written.search, `#${written.hash}`))).toEqual(written);
  });

  it("keeps texts out of what is sent to servers", () => {
    expect(JSON.stringify(writePlayground(whole).search)).not.toMatch(/Straße|script/);
  });

  it.each([["#"], ["#not base64!"], ["#bnVsbA"], ["#eyJtIjozLCJ2IjpbXX0"]])("reads what is damaged as nothing: %s", (hash) => {
    expect(readPlayground({ columns: "99", version: "x" }, hash).columns).toHaveLength(3);
    expect(readPlayground({}, hash)).toEqual({ columns: [newColumn()], values: {} });
  });
});

describe("an address", () => {
  const own = (messages: Message[]) => ({ columns: [newColumn({ kind: "messages" as const, model: "m", messages })], values: {} });
  const read = (written: { search: object; hash: string }) => readPlayground(written.search as never, `#${written.hash}`);
  const decoded = (hash: string) => Buffer.from(hash, "base64url").toString();
  const parts = [{ type: "text", text: "say {{x}} {{{" }, { type: "text", text: "b", cache_control: { type: "ephemeral" } }];

  it("has each text once, and knows the parts again that it was in", () => {
    const found = playgroundOf({ prompt: null, version: null, model: "m", variables: {}, messages: [{ role: "user", content: parts }] as never, settings: {} });
    const written = writePlayground(found);
    expect(decoded(written.hash).match(/say/g)).toHaveLength(1);
    expect(read(written)).toEqual(found);
    expect(written.isWhole).toBe(true);
  });

  it.each([
    ["say {{y}}\nb", [{ type: "text", text: "say 1" }, parts[1]]],
    ["\nb", [parts[1]]],
    ["say {{{{x}} {{{{{\n", [parts[0]]],
    ["{{y}}", [{ type: "text", text: "1" }]],
    ["say {{y}} {{{{{{{{\n{{y}}\nb", [{ type: "text", text: "say 1 {{{{\n1" }, parts[1]]],
    [" ", undefined],
  ])("has no words that were edited away, and what is sent is the same: %j", (content, sent) => {
    const picture = (url: string) => pictureOf(`https://example.com/${url}`);
    const [asked] = [{ role: "user", content: [picture("a"), parts[0], picture("b"), parts[1], picture("c")] }];
    const found = playgroundOf({ prompt: null, version: null, model: "m", variables: {}, messages: [asked] as never, settings: {} });
    const edited = { ...found, columns: [{ ...found.columns[0]!, messages: [{ ...found.columns[0]!.messages[0]!, content }] }] };
    const written = writePlayground(edited);
    expect(decoded(written.hash).includes("say")).toBe(content.includes("say"));
    expect(writePlayground(read(written))).toEqual(written);
    const sends = ({ columns: [column] }: { columns: Column[] }) => {
      const asking = askedOf(column!, facts(column!.messages.map(({ role, content: text }) => ({ role, content: text }))), { y: "1" }, "");
      return "body" in asking ? (asking.body as { messages: { content: Record<string, unknown>[] }[] }).messages[0]!.content : asking;
    };
    expect(sends(read(written))).toEqual(sends(edited));
    expect((sends(edited) as Record<string, unknown>[]).filter(({ type }) => type === "text")).toEqual(sent ?? []);
  });

  it("reads the parts of an address that has them whole", () => {
    const hash = Buffer.from(JSON.stringify({ m: [[{ role: "user", content: "say {{y}}\nb", t: parts }]] })).toString("base64url");
    expect(readPlayground({}, `#${hash}`).columns[0]?.messages).toEqual([{ role: "user", content: "say {{y}}\nb", texts: parts }]);
  });

  it.each([[{ t: [3, 99] }], [{ t: [-1, 2] }], [{ t: [["a"]] }], [{ t: [[1, null]] }]])("reads lengths that do not fit as none: %j", (t) => {
    const hash = Buffer.from(JSON.stringify({ m: [[{ role: "user", content: "a\nb", ...t }]] })).toString("base64url");
    expect(readPlayground({}, `#${hash}`).columns[0]?.messages).toEqual([{ role: "user", content: "a\nb" }]);
  });

  it.each([
    ["a text", { role: "user", content: `See ${DATA}` }, { role: "user", content: "" }],
    ["its parts", { role: "user", content: `a\n${DATA}`, texts: [{ type: "text", text: "a" }, { type: "text", text: DATA }] }, { role: "user", content: "" }],
    ["the call of a tool", { role: "assistant", content: "", rest: { tool_calls: [{ id: "1", type: "function", function: { name: "show", arguments: JSON.stringify({ of: DATA }) } }] } }, { role: "assistant", content: "" }],
  ])("has no file that stands in %s, and says so", (_, message, left) => {
    const written = writePlayground(own([{ role: "user", content: "short" }, message]));
    expect(read(written)).toEqual(own([{ role: "user", content: "short" }, left]));
    expect(written.isWhole).toBe(false);
    expect(writePlayground(read(written)).hash).toBe(written.hash);
  });

  it("is whole without a file that was edited away", () => {
    const written = writePlayground(own([{ role: "user", content: "a", texts: [{ type: "text", text: DATA }] }]));
    expect([read(written), written.isWhole]).toEqual([own([{ role: "user", content: "a", texts: [{ type: "text", text: "a" }] }]), true]);
  });

  it("leaves out texts that are too long for it, and says so", () => {
    const long = { ...own([{ role: "user", content: "ä".repeat(700_000) }, { role: "user", content: "short" }]), values: { text: "b".repeat(300_000), x: "1" } };
    const written = writePlayground(long);
    expect(read(written)).toEqual({ ...own([{ role: "user", content: "" }, { role: "user", content: "short" }]), values: { x: "1" } });
    expect([written.isWhole, writePlayground(read(written))]).toEqual([false, { ...written, isWhole: true }]);
    const many = writePlayground(own(Array.from({ length: 400 }, () => ({ role: "user", content: "c".repeat(9_000) }))));
    expect([many.isWhole, many.hash.length < 1_500_000]).toEqual([false, true]);
    expect(writePlayground(own([{ role: "user", content: "a".repeat(1_000_000) }])).isWhole).toBe(true);
  });
});

describe("a replay", () => {
  it("takes the version of a prompt with its variables", () => {
    const found = playgroundOf({ prompt: "triage", version: 3, model: "m", variables: { ticket: "t", n: 3 }, messages: [], settings: {} });
    expect(found).toEqual({ columns: [newColumn({ prompt: "triage", at: "version:3" })], values: { ticket: "t", n: "3" } });
  });

  it("sends messages again as they were, braces and all", () => {
    const messages = [{ role: "user", content: "say {{x}} and {{{{" }];
    const [column] = playgroundOf({ prompt: null, version: null, model: "m", variables: {}, messages, settings: { max_tokens: 4096, temperature: 0.5 } }).columns;
    const asked = askedOf(column!, facts(column!.messages), {}, "");
    expect(asked).toMatchObject({ body: { model: "m", messages, overrides: { temperature: 0.5 } } });
  });
});

/** What is asked by messages that were sent before. `kept`: after a reload, which has the address alone. */
function askedAgain(messages: object[], kept = false) {
  const found = playgroundOf({ prompt: null, version: null, model: "m", variables: {}, messages: messages as never, settings: {} });
  const { search, hash } = writePlayground(found);
  const [column] = (kept ? readPlayground(search, `#${hash}`) : found).columns;
  const known = column!.messages.map(({ role, content }) => ({ role: role === "tool" ? "user" : role, content }));
  return askedOf(column!, facts(known), {}, "");
}

describe("a replay of messages", () => {
  it("sends parts in their order, and what cannot be shown", () => {
    const content = [{ type: "text", text: "{{a}}" }, pictureOf(DATA), { type: "text", text: "b" }, { type: "input_audio", input_audio: { data: "AAAA", format: "wav" } }];
    expect(askedAgain([{ role: "user", content }])).toMatchObject({ body: { messages: [{ role: "user", content }] } });
  });

  it("has the address of a picture, and the order, after a reload too", () => {
    const content = [{ type: "text", text: "a" }, { type: "image_url", image_url: { url: "https://example.com/a.png", detail: "low" } }, { type: "text", text: "b" }];
    expect(askedAgain([{ role: "user", content }], true)).toMatchObject({ body: { messages: [{ role: "user", content }] } });
    expect(askedAgain([{ role: "user", content: [pictureOf(DATA)] }], true)).toEqual({ why: "Picture is not here: attach it again, or take it out." });
  });

  it.each([[false], [true]])("sends the calls of tools and what they answered (after a reload: %s)", (kept) => {
    const calls = [{ id: "1", type: "function", function: { name: "look", arguments: "{}" } }];
    const messages = [{ role: "user", content: "Look." }, { role: "assistant", content: null, tool_calls: calls }, { role: "tool", content: "It rains.", tool_call_id: "1" }];
    expect(askedAgain([messages[0]!, { ...messages[1], name: null }, messages[2]!], kept)).toMatchObject({ body: { messages } });
  });
});

it("leaves pictures beside the words of others to the gateway, and refuses files there", () => {
  const asked = (role: string, part: object) => askedAgain([{ role, content: [{ type: "text", text: "a" }, part] }, { role: "user", content: "b" }]);
  const document = { type: "file", file: { filename: "a.txt", file_data: "data:text/plain;base64,YQ==" } };
  for (const role of ["user", "assistant", "system", "tool"]) expect(asked(role, pictureOf(DATA))).toHaveProperty("body");
  for (const role of ["assistant", "system"]) expect(asked(role, document)).toEqual({ why: "A file stands in a message of the user." });
  for (const role of ["user", "tool"]) expect(asked(role, document)).toHaveProperty("body");
});

describe("a replay of variables", () => {
  const again = (variables: Record<string, unknown>, messages: { role: string; content?: string; name?: string }[]) => {
    const known = facts(messages as never);
    const { columns, values, files } = playgroundOf({ prompt: "p", version: 1, model: "m", variables, messages: [], settings: {} }, known.template);
    return { values, files, asked: askedOf(columns[0]!, known, values, "", files) };
  };
  const history = [{ role: "placeholder", name: "history" }];

  it("asks for a picture that was not kept, and does not send its name", () => {
    const lost = "Picture is not here: attach it again, or take it out.";
    expect(again({ photo: LOST }, [{ role: "user", content: "{{photo: image_url}}" }])).toMatchObject({ values: {}, files: { photo: [{ name: "Picture" }] }, asked: { why: `photo: ${lost}` } });
    expect(again({ user: { photo: LOST, name: "Ada" } }, [{ role: "user", content: "{{user.photo: image_url}} {{user.name}}" }])).toMatchObject({ values: { "user.name": "Ada" }, asked: { why: `user.photo: ${lost}` } });
    expect(again({ photo: LOST }, [{ role: "user", content: "{{photo}}" }]).asked).toEqual({ why: `photo: ${lost}` });
    expect(again({ history: [{ role: "user", content: [pictureOf(LOST)] }, { role: "assistant", content: "Nice." }] }, history).asked).toEqual({ why: `history: ${lost}` });
    const pdf = LOST.replace("image/png", "application/pdf");
    expect(again({ text: pdf }, [{ role: "user", content: "{{text}}" }]).asked).toMatchObject({ why: expect.stringContaining("was not kept") });
    expect(again({ list: [{ of: pdf }] }, [{ role: "user", content: "{{list: array}}" }]).asked).toMatchObject({ why: expect.stringContaining("was not kept") });
  });

  it("sends what was kept as it was, in whichever message it stood", () => {
    const variables = {
      user: { photo: DATA },
      text: DATA,
      history: [
        { role: "user", content: [{ type: "text", text: "a" }, pictureOf(DATA), { type: "text", text: "b" }] },
        { role: "assistant", content: "Nice." },
        { role: "user", content: [pictureOf("https://example.com/a.png"), { type: "text", text: "c" }] },
      ],
    };
    const { values, asked } = again(variables, [{ role: "user", content: "{{user.photo: image_url}} {{text}}" }, ...history]);
    expect(asked).toMatchObject({ body: { variables } });
    expect(JSON.stringify(values)).not.toContain("base64");
  });

  it.each([
    ["a picture that none can attach here", { logo: "data:image/svg+xml;base64,PHN2Zy8+" }, "{{logo}}"],
    ["one whose type says more", { logo: "data:image/png;charset=utf-8;base64,iVBORw0KGgo=" }, "{{logo}}"],
    ["one within an object", { user: { photo: DATA, name: "Ada" } }, "{{user: object}}"],
    ["nothing but one within an object", { user: { photo: DATA } }, "{{user: object}} {{user.photo: image_url}}"],
    ["messages that are a list", { items: [{ role: "user", content: [pictureOf(DATA)] }] }, "{{items: array}}"],
    ["messages within an object", { of: { items: [{ role: "user", content: [pictureOf(DATA)] }] } }, "{{of.items: array}}"],
    ["a picture in a list", { list: [DATA] }, "{{list: array}}"],
    ["one of two names of one thing", { user: { photo: DATA, name: "Ada" } }, "{{user: object}} {{user.photo: image_url}}"],
  ])("sends a value that no attached file can be as it was: %s", (_, variables, content) => {
    expect(again(variables, [{ role: "user", content }]).asked).toMatchObject({ body: { variables } });
  });

  it("asks for what was not kept, wherever it stood", () => {
    const notKept = { why: expect.stringContaining("was not kept") };
    expect(again({ user: { photo: LOST, name: "Ada" } }, [{ role: "user", content: "{{user: object}}" }]).asked).toEqual(notKept);
    expect(again({ items: [{ role: "user", content: [pictureOf(LOST)] }] }, [{ role: "user", content: "{{items: array}}" }]).asked).toEqual(notKept);
    expect(playgroundOf({ prompt: "p", version: 1, model: "m", variables: { photo: DATA }, messages: [], settings: {} }, null)).toMatchObject({ values: { photo: DATA } });
  });

  it("sends no picture that cannot be shown as nothing", () => {
    const photo = [{ id: "1", name: "a.svg", part: pictureOf("data:image/svg+xml;base64,PHN2Zy8+") }];
    const asked = (content: string) => askedOf(newColumn({ prompt: "p" }), facts([{ role: "user", content }]), {}, "", { photo });
    expect([asked("{{photo}}"), asked("{{photo: image_url}}")]).toEqual([{ why: `photo: ${NO_PICTURE}` }, { why: `photo: ${NO_PICTURE}` }]);
  });
});

describe("what is too long", () => {
  const file = (bytes: number) => ({ id: `${bytes}`, name: "a.txt", part: { type: "file", file: { filename: "a.txt", file_data: `data:text/plain;base64,${"A".repeat(bytes)}` } } });
  const MIB = 2 ** 20;

  it("is told by the bytes of all that is sent", () => {
    const column = (content: string, ...sizes: number[]) => newColumn({ kind: "messages", model: "m", messages: [{ role: "user", content, files: sizes.map(file) }] });
    const asked = (one: ReturnType<typeof column>) => askedOf(one, facts(one.messages), {}, "");
    expect(asked(column("Read it.", 7.9 * MIB))).toHaveProperty("body");
    expect(asked(column("ä".repeat(250_000), 7.6 * MIB))).toEqual({ why: expect.stringMatching(/^It has 8,469,\d{3} bytes as it is sent; at most 8,323,072 can be\. Take a file out, or shorten the text\.$/) });
    expect(asked(column("Read it.", 4 * MIB, 4 * MIB))).toHaveProperty("why");
  });

  it("is counted without writing all of it each time", () => {
    const column = newColumn({ kind: "messages", model: "m", messages: [{ role: "user", content: "Read it.", files: [file(7 * MIB)] }] });
    const known = facts(column.messages);
    const write = vi.spyOn(JSON, "stringify");
    const written = () => write.mock.results.reduce((sum, { value }) => sum + String(value).length, 0);
    try {
      expect(askedOf(column, known, {}, "")).toHaveProperty("body");
      write.mockClear();
      expect(askedOf(column, known, {}, "")).toHaveProperty("body");
      expect(written()).toBeLessThan(10_000);
    } finally {
      write.mockRestore();
    }
  });

  it("is as long as it is written", () => {
    const body = { a: 'ä"\n\ud800\u0001', b: [1.5, null, true, { c: undefined, "ü": [] }, undefined], d: {}, e: pictureOf(DATA), f: Infinity };
    expect([bytesOf(body), bytesOf(body)]).toEqual(Array(2).fill(new TextEncoder().encode(JSON.stringify(body)).length));
  });

  it("counts the pictures and files of all variables together", () => {
    const template = [{ role: "placeholder", name: "a" }, { role: "placeholder", name: "b" }] as never;
    const asked = (bytes: number) => askedOf(newColumn({ prompt: "p" }), facts(template), {}, "", { a: [file(bytes)], b: [file(bytes)] });
    expect(asked(1.4 * MIB)).toHaveProperty("body");
    expect(asked(1.6 * MIB)).toEqual({ why: "b: The pictures and files have more than 3,145,728 bytes as they are sent. Take one out." });
  });
});

describe("variables", () => {
  it("are asked for once for all columns", () => {
    const shared = sharedVariables([parseMessages([{ role: "user", content: "{{a}} {{b: number = 3}}" }]), null, parseMessages([{ role: "user", content: "{{a: number}}" }])]);
    expect(shared).toEqual([
      { name: "a", type: "number", isMessages: false, columns: [0, 2] },
      { name: "b", type: "number", default: 3, isMessages: false, columns: [0] },
    ]);
  });

  it("become what their types want, and what is missing is told", () => {
    const template = parseMessages([{ role: "user", content: "{{user.name}} {{n: number}} {{o = \"x\"}} {{p}}" }]);
    expect(valuesFor(template, { "user.name": "Ada", n: "2", ignored: "1" })).toEqual({ values: { user: { name: "Ada" }, n: 2 }, missing: ["p"], faults: {} });
    expect(readValue("two", "number")).toHaveProperty("fault");
    expect(valuesFor(parseMessages([{ role: "user", content: "{{__proto__x}}" }]), { __proto__x: "1" }).missing).toEqual([]);
  });
});

describe("what is asked", () => {
  it("names the version, never the label", () => {
    const asked = askedOf(newColumn({ prompt: "triage", at: "label:production", model: "other" }), facts([{ role: "user", content: "{{t}}" }]), { t: "x" }, "");
    expect(asked).toEqual({ body: { app: "burnish-playground", prompt: "triage", version: 3, model: "other", variables: { t: "x" } }, input: { t: "x" } });
  });

  it("says what is missing instead", () => {
    expect(askedOf(newColumn({ prompt: "triage" }), facts([{ role: "user", content: "{{t}}" }]), {}, "")).toEqual({ why: "Give a value to t." });
    expect(askedOf(newColumn({ kind: "messages" }), facts([{ role: "user", content: "x" }]), {}, "")).toEqual({ why: "Choose a model first." });
  });
});

describe("runs", () => {
  const run = (key: string) => ({ key, text: "" }) as Run;

  it("are told apart by their keys, wherever their column has gone", () => {
    const began = nextRuns(nextRuns([null, null, null], { column: 0, begin: run("a") }), { column: 1, begin: run("b") });
    const moved = nextRuns(began, { remove: 0 });
    expect(nextRuns(moved, { key: "b", change: { text: "!" } })[0]?.text).toBe("!");
    expect(nextRuns(moved, { key: "a", change: { text: "late" } })).toEqual(moved);
  });
});

describe("what is asked of all at once", () => {
  const prompt = (more: object, variables: object = { t: "x" }) => ({ body: { app: "burnish-playground", prompt: "triage", variables, ...more }, input: "" });
  const messages = (model: string, text = "hi") => ({ body: { app: "burnish-playground", model, messages: [{ role: "user", content: text }], variables: {} }, input: "" });

  it("is one request with a side for each column", () => {
    expect(comparedOf([prompt({ version: 3 }), prompt({ version: 4, model: "m", overrides: { temperature: 0 } }, { t: "x", u: 1 })])).toEqual({
      app: "burnish-playground",
      prompt: "triage",
      variables: { t: "x", u: 1 },
      variants: [{ prompt: "triage", version: 3 }, { prompt: "triage", version: 4, model: "m", overrides: { temperature: 0 } }],
    });
    expect(comparedOf([messages("a"), messages("b")])).toMatchObject({ model: "a", messages: [{ role: "user", content: "hi" }], variants: [{ model: "a" }, { model: "b" }] });
  });

  it("is none where it is longer than a comparison may be: each is asked alone at once", () => {
    expect(comparedOf([messages("a", "x".repeat(1_000_000)), messages("b", "x".repeat(1_000_000))])).not.toBeNull();
    expect(comparedOf([messages("a", "x".repeat(1_100_000)), messages("b", "x".repeat(1_100_000))])).toBeNull();
    expect(comparedOf([messages("a", "ä".repeat(600_000)), messages("b", "ä".repeat(600_000))])).toBeNull();
  });

  it("is one whatever a variable is called", () => {
    expect(comparedOf([prompt({}, { constructor: "x" }), prompt({}, { constructor: "x" })])).toMatchObject({ variables: { constructor: "x" } });
  });

  it("is none where one request cannot say it", () => {
    expect([comparedOf([prompt({})]), comparedOf([prompt({}), messages("a")]), comparedOf([messages("a"), messages("b", "bye")]), comparedOf([prompt({}, { t: "1" }), prompt({}, { t: 1 })])]).toEqual([null, null, null, null]);
  });
});

describe("side by side", () => {
  it("makes a column of each version with each model", () => {
    const like = newColumn({ prompt: "other", temperature: "0.2", maxTokens: "50" });
    expect(productOf(like, "triage", ["version:1", "label:staging"], ["a", "b"]).map((one) => [one.prompt, one.at, one.model, one.temperature])).toEqual([
      ["triage", "version:1", "a", "0.2"],
      ["triage", "version:1", "b", "0.2"],
      ["triage", "label:staging", "a", "0.2"],
      ["triage", "label:staging", "b", "0.2"],
    ]);
    expect(productOf(undefined, "triage", [], [])).toEqual([newColumn({ prompt: "triage" })]);
  });
});
