/** One stream of the workspace's events for the whole browser. The tab that holds the lock reads it and tells the others.
 *
 * A browser opens six connections to one HTTP/1.1 address; six streams would leave none for anything else. A tab that is hidden for
 * half a minute lets go, and reads anew what it shows when it comes back.
 */
import { useEffect, useRef, useSyncExternalStore } from "react";
import { type Schema, tellRefused } from "./client";
import { asApiError } from "./errors";
import type { ServerEvent } from "./sse";
import { stream } from "./stream";

export type LiveFigures = Schema<"LiveAnswer">;
/** live: events come · connecting: not yet · lost: the last try failed · paused: nobody looks, or the API refused. */
export type LiveStatus = "connecting" | "live" | "lost" | "paused";
export type LiveEvent = { type: string; id: string; data: Record<string, unknown> };
type Heard = (event: LiveEvent) => void;
type Told = { kind: "event"; event: LiveEvent } | { kind: "figures"; figures: LiveFigures } | { kind: "status"; status: LiveStatus } | { kind: "ask" } | { kind: "wake" };

const HIDDEN_GRACE_MS = 30_000;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;
const REMEMBERED_IDS = 1_000;
/** They have no id of their own; as the standard has it, the parser gives them that of the event before. */
const UNNUMBERED: ReadonlySet<string> = new Set(["gap", "presence", "changed"]);

/** Waits before the nth try again: twice the one before, up to half a minute, less up to a third so that tabs do not come together. */
export function waitBefore(tries: number, dice: number): number {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(tries, 10)) * (1 - dice / 3);
}

export class LiveHub {
  #listeners = new Set<Heard>();
  #watchers = new Set<() => void>();
  #figures: LiveFigures | null = null;
  #status: LiveStatus = "connecting";
  #lastEventId = "";
  #seen = new Set<string>();
  #channel: BroadcastChannel | null = null;
  #leading: AbortController | null = null;
  #isLeader = false;

  #wake: (() => void) | null = null;

  readonly figures = () => this.#figures;
  readonly status = () => this.#status;
  readonly watch = (changed: () => void) => {
    this.#watchers.add(changed);
    return () => void this.#watchers.delete(changed);
  };

  listen(heard: Heard): () => void {
    this.#listeners.add(heard);
    return () => void this.#listeners.delete(heard);
  }

  /** Ends the wait before the next try: somebody asks for it now. In whichever tab the stream is. */
  wake() {
    this.#channel?.postMessage({ kind: "wake" } satisfies Told);
    this.#wake?.();
  }

  /** Begins to follow a workspace; the result stops. */
  follow(workspaceId: string): () => void {
    const name = `burnish-live:${workspaceId}`;
    this.#forget();
    this.#channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(name);
    this.#channel?.addEventListener("message", (message: MessageEvent<Told>) => this.#told(message.data));
    this.#channel?.postMessage({ kind: "ask" } satisfies Told);
    let hiddenTimer: ReturnType<typeof setTimeout> | undefined;
    const looked = () => {
      clearTimeout(hiddenTimer);
      if (!document.hidden) this.#lead(name);
      else hiddenTimer = setTimeout(() => this.#letGo(), HIDDEN_GRACE_MS);
    };
    document.addEventListener("visibilitychange", looked);
    looked();
    return () => {
      clearTimeout(hiddenTimer);
      document.removeEventListener("visibilitychange", looked);
      this.#letGo();
      this.#channel?.close();
      this.#channel = null;
    };
  }

  #forget() {
    this.#lastEventId = "";
    this.#seen.clear();
    this.#figures = null;
    this.#set("connecting");
  }

  #letGo() {
    this.#leading?.abort();
    this.#leading = null;
    this.#set("paused");
  }

  #lead(name: string) {
    if (this.#leading) return;
    const wasAway = this.#status === "paused";
    const leading = new AbortController();
    this.#leading = leading;
    if (wasAway) this.#set("connecting");
    if (wasAway) this.#hear({ type: "gap", id: "", data: {} });
    const run = () => this.#run(leading.signal);
    // Locks are there in secure contexts only; without them each visible tab has a stream of its own.
    const led = navigator.locks ? navigator.locks.request(name, { signal: leading.signal }, run) : run();
    led.catch(() => undefined);
    if (wasAway) this.#channel?.postMessage({ kind: "ask" } satisfies Told);
  }

  async #run(signal: AbortSignal): Promise<void> {
    this.#isLeader = true;
    let tries = 0;
    try {
      while (!signal.aborted) {
        let waitMs = 0;
        try {
          for await (const event of stream("/v1/live", { signal, lastEventId: this.#lastEventId })) {
            tries = 0;
            if (this.#status !== "live") this.#tell({ kind: "status", status: "live" });
            this.#take(event);
          }
          // At once, so that another tab can read on; else it ended in order, as when a gateway stops: another one answers.
          if (signal.aborted) return;
        } catch (caught) {
          const error = asApiError(caught);
          if (signal.aborted) return;
          if (error.status === 401 || error.status === 403 || error.status === 404) {
            this.#tell({ kind: "status", status: "paused" });
            return;
          }
          waitMs = (error.retryAfterS ?? 0) * 1_000;
          this.#tell({ kind: "status", status: "lost" });
        }
        await pause(Math.max(waitMs, waitBefore(tries++, Math.random())), { signal, onWake: (wake) => (this.#wake = wake) });
      }
    } finally {
      this.#isLeader = false;
    }
  }

  #take({ event, data, id }: ServerEvent) {
    if (id) this.#lastEventId = id;
    let parsed: unknown;
    try {
      parsed = JSON.parse(data);
    } catch {
      return;
    }
    if (typeof parsed !== "object" || parsed === null) return;
    if (event === "figures") this.#tell({ kind: "figures", figures: parsed as LiveFigures });
    else if (event !== "hello") this.#tell({ kind: "event", event: { type: event, id: UNNUMBERED.has(event) ? "" : id, data: parsed as Record<string, unknown> } });
  }

  #tell(told: Told) {
    this.#channel?.postMessage(told);
    this.#told(told);
  }

  #told(told: Told) {
    if (told.kind === "ask") {
      if (!this.#isLeader) return;
      this.#channel?.postMessage({ kind: "status", status: this.#status } satisfies Told);
      if (this.#figures) this.#channel?.postMessage({ kind: "figures", figures: this.#figures } satisfies Told);
    } else if (told.kind === "wake") {
      this.#wake?.();
    } else if (told.kind === "figures") {
      this.#figures = told.figures;
      this.#changed();
    } else if (told.kind === "status") {
      const back = this.#status === "lost" && told.status === "live";
      this.#set(told.status);
      // In every tab that follows it, whichever of them has the stream.
      if (told.status === "paused") tellRefused();
      if (back) this.#hear({ type: "gap", id: "", data: {} });
    } else {
      if (told.event.id) this.#lastEventId = told.event.id;
      this.#hear(told.event);
    }
  }

  #hear(event: LiveEvent) {
    // An event may come twice after a break; the figure of a `gap` has no id and is always heard.
    if (event.id) {
      if (this.#seen.has(event.id)) return;
      this.#seen.add(event.id);
      if (this.#seen.size > REMEMBERED_IDS) this.#seen.delete(this.#seen.values().next().value ?? "");
    }
    for (const heard of this.#listeners) heard(event);
  }

  #set(status: LiveStatus) {
    if (this.#status === status) return;
    this.#status = status;
    this.#changed();
  }

  #changed() {
    for (const changed of this.#watchers) changed();
  }
}

function pause(ms: number, { signal, onWake }: { signal: AbortSignal; onWake: (wake: (() => void) | null) => void }): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      onWake(null);
      clearTimeout(timer);
      window.removeEventListener("online", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    onWake(done);
    window.addEventListener("online", done);
    signal.addEventListener("abort", done);
  });
}

export const live = new LiveHub();

/** What the last minute was, as it happens; null before the first figures. For one prompt: `figures.prompts.find(…)`. */
export function useLiveFigures(): LiveFigures | null {
  return useSyncExternalStore(live.watch, live.figures);
}

export function useLiveStatus(): LiveStatus {
  return useSyncExternalStore(live.watch, live.status);
}

/** Hears events of the workspace, such as "alert.raised"; "alert." hears all that begin so, "gap" that some may have been missed. */
export function useLiveEvents(types: readonly string[], heard: Heard): void {
  const latest = useRef(heard);
  useEffect(() => {
    latest.current = heard;
  });
  const wanted = types.join(" ");
  useEffect(() => {
    const names = wanted.split(" ");
    return live.listen((event) => {
      if (names.some((name) => event.type === name || (name.endsWith(".") && event.type.startsWith(name)))) latest.current(event);
    });
  }, [wanted]);
}

const COMMENTS_ON_RUNS = ["/v1/executions/{execution_id}/comments", "/v1/sessions/{session_id}/comments", "/v1/chain-runs/{chain_run_id}/comments"] as const;

/** Which answers an event makes old. Pages need not ask for these: the shell has them read again where they are on screen. */
export const MADE_OLD: readonly (readonly [begin: string, paths: readonly string[]])[] = [
  ["alert.", ["/v1/alerts"]],
  ["metric.", ["/v1/alerts"]],
  ["usage.", ["/v1/alerts"]],
  ["budget.", ["/v1/budgets", "/v1/alerts"]],
  ["credits.", ["/v1/credits", "/v1/alerts"]],
  ["feedback.", ["/v1/feedback", "/v1/sessions"]],
  ["execution.", ["/v1/sessions"]],
  ["prompt.comment.", ["/v1/inbox", "/v1/prompt-comments"]],
  ["run.comment.", ["/v1/inbox", ...COMMENTS_ON_RUNS]],
  ["prompt.review.", ["/v1/inbox", "/v1/version-reviews"]],
  ["prompt.", ["/v1/prompts"]],
  ["optimization.", ["/v1/optimizations"]],
  ["suggestion.", ["/v1/suggestions", "/v1/optimizations", "/v1/prompts"]],
  ["test_run.", ["/v1/test-runs"]],
  ["experiment.", ["/v1/experiments", "/v1/prompts"]],
  ["provider_key.", ["/v1/provider-keys"]],
  ["webhook.", ["/v1/webhooks"]],
  ["data.", ["/v1/erasures", "/v1/executions", "/v1/sessions"]],
];

export function madeOldBy(type: string): string[] {
  return MADE_OLD.flatMap(([begin, paths]) => (type.startsWith(begin) ? paths : []));
}

/** Which answers a change of configuration makes old, by its kind: also where no event tells of it, such as a prompt that somebody archives, or a deleted text. */
const MADE_OLD_BY_CHANGE: Record<string, readonly string[]> = {
  alert_rule: ["/v1/alert-rules"],
  api_key: ["/v1/api-keys"],
  budget: ["/v1/budgets"],
  chain: ["/v1/chains"],
  comment: ["/v1/inbox", "/v1/prompt-comments", "/v1/prompts/{slug}/comments", ...COMMENTS_ON_RUNS],
  dataset: ["/v1/datasets"],
  evaluator: ["/v1/evaluators"],
  execution: ["/v1/executions", "/v1/sessions", "/v1/feedback", "/v1/inbox", "/v1/review", "/v1/chain-runs", "/v1/test-runs", "/v1/batches", "/v1/reports"],
  experiment: ["/v1/experiments"],
  guardrail: ["/v1/guardrails", "/v1/masking"],
  member: ["/v1/members", "/v1/invitations"],
  metric: ["/v1/metrics"],
  model: ["/v1/models"],
  prompt: ["/v1/prompts"],
  provider_key: ["/v1/provider-keys"],
  routing: ["/v1/routing"],
  view: ["/v1/views"],
};

export function madeOldByChange(kinds: readonly string[]): string[] {
  return kinds.flatMap((kind) => MADE_OLD_BY_CHANGE[kind] ?? []);
}
