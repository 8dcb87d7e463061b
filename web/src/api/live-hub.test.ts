import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { refused } from "./client";
import { LiveHub } from "./live";

/** What the gateway sends: one stream for each request, written by the test. */
class Gateway {
  opened: { headers: Headers; signal: AbortSignal | null; write: (text: string) => void; end: () => void }[] = [];
  refuses: number | null = null;

  constructor() {
    vi.spyOn(globalThis, "fetch").mockImplementation(async (_, init) => {
      if (this.refuses !== null) return new Response("{}", { status: this.refuses });
      const encoder = new TextEncoder();
      let control: ReadableStreamDefaultController<Uint8Array> | undefined;
      const body = new ReadableStream<Uint8Array>({ start: (given) => void (control = given) });
      const signal = init?.signal ?? null;
      signal?.addEventListener("abort", () => control?.error(new DOMException("aborted", "AbortError")));
      this.opened.push({ headers: new Headers(init?.headers), signal, write: (text) => control?.enqueue(encoder.encode(text)), end: () => control?.close() });
      return new Response(body, { status: 200 });
    });
  }

  get last() {
    const found = this.opened.at(-1);
    if (!found) throw new Error("nobody asked");
    return found;
  }
}

const event = (id: string, type = "alert.raised") => `id: ${id}\nevent: ${type}\ndata: {"n":"${id}"}\n\n`;
const settle = () => vi.advanceTimersByTimeAsync(1);

function hide(hidden: boolean) {
  vi.spyOn(document, "hidden", "get").mockReturnValue(hidden);
  document.dispatchEvent(new Event("visibilitychange"));
}

let hub: LiveHub;
let stop: () => void;
let heard: string[];
let gateway: Gateway;

beforeEach(async () => {
  vi.useFakeTimers();
  vi.stubGlobal("BroadcastChannel", undefined);
  gateway = new Gateway();
  hub = new LiveHub();
  heard = [];
  hub.listen((one) => heard.push(`${one.type} ${one.id}`.trim()));
  stop = hub.follow("w1");
  await settle();
});

afterEach(() => {
  stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it("tells each event once, also where it comes twice after a break, and asks on from the last one", async () => {
  gateway.last.write("event: hello\ndata: {}\n\n");
  gateway.last.write(event("1") + event("2"));
  await settle();
  expect(hub.status()).toBe("live");
  gateway.last.end();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(gateway.opened).toHaveLength(2);
  expect(gateway.last.headers.get("last-event-id")).toBe("2");
  gateway.last.write(event("2") + event("3"));
  await settle();
  expect(heard).toEqual(["alert.raised 1", "alert.raised 2", "alert.raised 3"]);
});

it("hears each time what has no id of its own, although the parser gives it that of the event before", async () => {
  const people = 'event: presence\ndata: {"place": "prompts/a", "people": []}\n\n';
  gateway.last.write(event("1") + people + people + "event: gap\ndata: {}\n\n" + people);
  await settle();
  expect(heard).toEqual(["alert.raised 1", "presence", "presence", "gap", "presence"]);
});

it("lets go half a minute after it was hidden, and says that some may have been missed when it is looked at again", async () => {
  gateway.last.write(event("1"));
  await settle();
  hide(true);
  await vi.advanceTimersByTimeAsync(29_000);
  expect([hub.status(), gateway.last.signal?.aborted]).toEqual(["live", false]);
  await vi.advanceTimersByTimeAsync(2_000);
  expect([hub.status(), gateway.last.signal?.aborted]).toEqual(["paused", true]);
  hide(false);
  await settle();
  expect(gateway.opened).toHaveLength(2);
  expect(heard).toEqual(["alert.raised 1", "gap"]);
});

it("keeps the stream of a tab that is hidden for a moment", async () => {
  hide(true);
  await vi.advanceTimersByTimeAsync(10_000);
  hide(false);
  await vi.advanceTimersByTimeAsync(60_000);
  expect([gateway.opened.length, gateway.last.signal?.aborted]).toEqual([1, false]);
});

it("waits longer with each failure, tries at once when somebody asks for it, and says what may have been missed", async () => {
  gateway.last.write(event("1"));
  await settle();
  gateway.refuses = 502;
  gateway.last.end();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(hub.status()).toBe("lost");
  const before = vi.mocked(fetch).mock.calls.length;
  await vi.advanceTimersByTimeAsync(200);
  expect(vi.mocked(fetch).mock.calls.length).toBe(before);
  gateway.refuses = null;
  hub.wake();
  await settle();
  expect(gateway.opened).toHaveLength(2);
  gateway.last.write("event: hello\ndata: {}\n\n");
  await settle();
  expect([hub.status(), heard.at(-1)]).toEqual(["live", "gap"]);
});

it.each([401, 403, 404])("gives up where the API answers %i", async (status) => {
  gateway.refuses = status;
  gateway.last.end();
  await vi.advanceTimersByTimeAsync(120_000);
  expect(hub.status()).toBe("paused");
  expect(vi.mocked(fetch).mock.calls.length).toBe(2);
});

it("has the session read again where the API gives it no stream any more", async () => {
  const heard = vi.fn();
  refused.add(heard);
  gateway.refuses = 404;
  gateway.last.end();
  await vi.advanceTimersByTimeAsync(5_000);
  refused.delete(heard);
  expect(heard).toHaveBeenCalledOnce();
});

it("forgets what it heard with another workspace", async () => {
  gateway.last.write(event("1"));
  await settle();
  stop();
  stop = hub.follow("w2");
  await settle();
  expect(gateway.last.headers.get("last-event-id")).toBeNull();
  gateway.last.write(event("1"));
  await settle();
  expect(heard).toEqual(["alert.raised 1", "alert.raised 1"]);
});
