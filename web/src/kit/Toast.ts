/** What is said in passing. `Toasts` shows it: that comes later, for nothing is said before there is something to press. */
import { asApiError } from "@/api/errors";

/** The label of an act that takes the last one back. */
export const UNDO = "Undo";

export type ToastAction = { label: string; run: () => void };
type Shown = { id: number; ms: number; tone: "ok" | "warn" | "bad"; text: string; requestId: string | null; action?: ToastAction };

const OK_MS = 5_000;
const LONG_MS = 10_000;
const MOST = 4;

let shown: readonly Shown[] = [];
let words = "";
let nextId = 1;
const watchers = new Set<() => void>();
const timers = new Map<number, ReturnType<typeof setTimeout>>();
let isHeld = false;

function set(next: readonly Shown[]) {
  shown = next;
  for (const changed of watchers) changed();
}

export function dismiss(id: number): void {
  clearTimeout(timers.get(id));
  timers.delete(id);
  set(shown.filter((one) => one.id !== id));
  // What was pointed at or had the focus is gone, and tells nobody that it was left.
  hold(false);
}

/** Takes every toast away, and what was said: an Undo belongs to the workspace and the person that it was offered to. */
export function dismissAll(): void {
  words = "";
  for (const one of shown) dismiss(one.id);
  set(shown);
}

function show(toast: Omit<Shown, "id" | "ms">, ms: number): number {
  const id = nextId++;
  set([...shown, { ...toast, id, ms }].slice(-MOST));
  if (!isHeld) timers.set(id, setTimeout(() => dismiss(id), ms));
  return id;
}

/** While somebody points at them, or has gone to one by the keys, none goes away: its Undo is about to be pressed. */
export function hold(held: boolean) {
  if (held === isHeld) return;
  isHeld = held;
  for (const timer of timers.values()) clearTimeout(timer);
  timers.clear();
  if (!held) for (const { id, ms } of shown) timers.set(id, setTimeout(() => dismiss(id), ms));
}

/** Says what has been done, in the past tense: `toast("Label moved to v7", { label: "Undo", run })`. */
export function toast(text: string, action?: ToastAction): number {
  return show({ tone: "ok", text, requestId: null, action }, action ? LONG_MS : OK_MS);
}

/** Says what is amiss with a version that was saved, or that a label names now: all of it at once, for of several toasts the first go. Called after what
 * says that it was done. */
export function tellWarnings({ version, warnings }: { version: number; warnings?: readonly string[] | null }): void {
  if (warnings && warnings.length > 0) show({ tone: "warn", text: `v${version}: ${warnings.join(" ")}`, requestId: null }, LONG_MS);
}

/** Says that an act failed, and why. For a form use the Field's error and FormError instead. */
export function toastError(error: unknown): number {
  const known = asApiError(error);
  return show({ tone: "bad", text: known.message, requestId: known.requestId }, LONG_MS);
}

/** Says something to who does not see it happen, such as that a chip is gone. Nothing is shown. */
export function announce(text: string): void {
  // The same words again are a change as well.
  words = text === words ? `${text}\u00a0` : text;
  for (const changed of watchers) changed();
}

function watch(changed: () => void) {
  watchers.add(changed);
  return () => void watchers.delete(changed);
}

/** What is said by now, for `Toasts`. */
export const said = { watch, shown: () => shown, words: () => words };
