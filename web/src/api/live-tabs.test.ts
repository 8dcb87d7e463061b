import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { FakeChannel } from "./channel.fake";
import { LiveHub } from "./live";

/** Locks of one browser: each is given to whoever asked for it first, and then to the next. */
class Locks {
  #held = new Map<string, Promise<unknown>>();

  request = (name: string, { signal }: { signal: AbortSignal }, run: () => Promise<unknown>): Promise<unknown> => {
    const mine = (this.#held.get(name) ?? Promise.resolve()).then(() => (signal.aborted ? undefined : run()));
    this.#held.set(name, mine);
    return mine;
  };
}

let opened: { write: (text: string) => void }[];
let stops: (() => void)[];

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("BroadcastChannel", FakeChannel);
  vi.stubGlobal("navigator", { ...navigator, onLine: true, locks: new Locks() });
  [opened, stops] = [[], []];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (_, init) => {
    let control: ReadableStreamDefaultController<Uint8Array> | undefined;
    const body = new ReadableStream<Uint8Array>({ start: (given) => void (control = given) });
    init?.signal?.addEventListener("abort", () => control?.error(new DOMException("aborted", "AbortError")));
    opened.push({ write: (text) => control?.enqueue(new TextEncoder().encode(text)) });
    return new Response(body);
  });
});

afterEach(() => {
  for (const stop of stops) stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const settle = () => vi.advanceTimersByTimeAsync(1);
const said = (event: string, data: object, id = "") => opened.at(-1)?.write(`${id ? `id: ${id}\n` : ""}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);

/** Another tab of the browser, which shows a workspace. */
async function tab(workspace = "w1") {
  const hub = new LiveHub();
  const heard: string[] = [];
  hub.listen((one) => heard.push(`${one.type} ${one.id}`.trim()));
  const stop = hub.follow(workspace);
  stops.push(stop);
  await settle();
  return { hub, heard, stop };
}

const figures = (executions: number) => ({ executions }) as object;

it("reads one stream for all tabs, and what it says is heard in each of them", async () => {
  const [first, second] = [await tab(), await tab()];
  said("alert.raised", {}, "1");
  said("figures", figures(7));
  await settle();
  expect(opened).toHaveLength(1);
  for (const { hub, heard } of [first, second]) expect([hub.status(), hub.figures(), heard]).toEqual(["live", figures(7), ["alert.raised 1"]]);
});

it("tells a tab that opens later how it stands and the newest figures, without waiting for the next ones", async () => {
  await tab();
  said("figures", figures(7));
  await settle();
  const late = await tab();
  expect([opened.length, late.hub.status(), late.hub.figures(), late.heard]).toEqual([1, "live", figures(7), []]);
});

it("says nothing of one workspace to a tab with another", async () => {
  const first = await tab("w1");
  const other = await tab("w2");
  expect(opened).toHaveLength(2);
  said("alert.raised", {}, "9");
  await settle();
  expect([first.heard, other.heard]).toEqual([[], ["alert.raised 9"]]);
});

it("goes on from the last event in another tab when the one that reads is closed, and says none twice", async () => {
  const [first, second] = [await tab(), await tab()];
  said("alert.raised", {}, "1");
  await settle();
  first.stop();
  await settle();
  expect(opened).toHaveLength(2);
  const headers = new Headers(vi.mocked(fetch).mock.calls[1]?.[1]?.headers);
  expect(headers.get("last-event-id")).toBe("1");
  said("alert.raised", {}, "1");
  said("alert.raised", {}, "2");
  await settle();
  expect([second.heard, first.heard]).toEqual([["alert.raised 1", "alert.raised 2"], ["alert.raised 1"]]);
});
