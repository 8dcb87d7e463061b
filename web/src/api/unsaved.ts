/** What somebody has written and not saved. Going to another page or workspace and signing out ask first; where the session ends by itself, and
 * for drafts meanwhile, it is kept in this tab, for nobody but them. */
import { useEffect, useRef, useSyncExternalStore } from "react";
import { signedOut } from "./client";

type Asking = { what: string; go: () => void; stay: () => void };

/** `isBack`: whether somebody who gave it up stands here again all the same; null: nobody gave it up. */
type Unsaved = { what: string; isBack: (() => boolean) | null };

const written = new Map<symbol, Unsaved>();
const watchers = new Set<() => void>();
let asking: Asking | null = null;
let leaving = 0;

function ask(next: Asking | null) {
  asking = next;
  for (const changed of watchers) changed();
}

/** Does it at once where nothing would be lost, else once that was said to be fine. `stay`: it was not. */
export function leave(go: () => void | Promise<unknown>, stay: () => void = () => undefined): void {
  const first = unsaved();
  if (first === null) {
    void go();
    return;
  }
  asking?.stay();
  ask({
    what: first,
    go: () => {
      ask(null);
      // Thrown away knowingly: the end of the session does not keep it.
      leaving++;
      void Promise.resolve(go()).finally(() => leaving--);
    },
    stay: () => {
      ask(null);
      stay();
    },
  });
}

/** What is being asked, for the one dialog that asks it. */
export function useLeaving(): Asking | null {
  return useSyncExternalStore(
    (changed) => {
      watchers.add(changed);
      return () => void watchers.delete(changed);
    },
    () => asking,
  );
}

const isGivenUp = (one: Unsaved) => one.isBack !== null && !one.isBack();

/** The name of something that is not saved; null: there is nothing. */
export function unsaved(): string | null {
  return [...written.values()].find((one) => !isGivenUp(one))?.what ?? null;
}

/** It was said to be fine to lose it: nobody is asked once more while the page that comes is on its way, and this one still stands behind it.
 * Where `isBack` (another question kept them here, or they came back before that page was there), it is theirs as before. */
export function giveUpUnsaved(isBack: () => boolean): void {
  for (const one of written.values()) one.isBack = isBack;
}

/** Whether there is something of this name that is not saved. */
export function isUnsaved(what: string): boolean {
  return [...written.values()].some((one) => one.what === what);
}

/** A tab that crashes tells nobody before. */
const KEPT_EVERY_MS = 5_000;

/** Says that there is something unsaved here, so that going to another page asks first. `keep` is called where the session ends by itself. With
 * `forget` it is called meanwhile, too, and where the document goes out of sight: a phone ends what it does not show, and asks nobody; what was kept
 * so is forgotten once there is nothing unsaved any more. */
export function useUnsaved(isDirty: boolean, what: string, keep: () => void = () => undefined, forget?: () => void): void {
  const latest = useRef({ keep, forget });
  latest.current = { keep, forget };
  const isKept = forget !== undefined;
  useEffect(() => {
    if (!isDirty) return;
    // As it is now: after another prompt was chosen it would forget what is kept of that one.
    const forgetIt = latest.current.forget;
    const id = Symbol(what);
    const one: Unsaved = { what, isBack: null };
    let hasEnded = false;
    const keepNow = () => (leaving === 0 && !isGivenUp(one) ? latest.current.keep() : undefined);
    const ended = () => {
      hasEnded = true;
      keepNow();
    };
    written.set(id, one);
    signedOut.add(ended);
    const stop = isKept ? onLettingGo(keepNow) : undefined;
    return () => {
      stop?.();
      signedOut.delete(ended);
      written.delete(id);
      if (!hasEnded) forgetIt?.();
      if (written.size === 0) asking?.stay();
    };
  }, [isDirty, what, isKept]);
}

const DRAFTS = "burnish.draft.";

/** Where a draft is kept: by whom, in which workspace, of what. */
export function draftKey(userId: string, workspaceId: string, of: string): string {
  return `${DRAFTS}${userId}.${workspaceId}.${of}`;
}

/** Between signing out and the next one to sign in: an answer that comes late keeps nothing on a machine that others use too. */
let isNobodys = false;

export const keepsNothing = () => isNobodys;

export function keepDraft(key: string, draft: unknown): void {
  if (isNobodys) return;
  try {
    sessionStorage.setItem(key, JSON.stringify(draft));
  } catch {
    // Storage is switched off or full: nothing can be kept.
  }
}

export function keptDraft(key: string): unknown {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

/** All that are kept of this person, by their keys. */
export function draftsOf(userId: string): [key: string, draft: unknown][] {
  try {
    const keys = Object.keys(sessionStorage).filter((key) => key.startsWith(`${DRAFTS}${userId}.`));
    return keys.map((key) => [key, keptDraft(key)]);
  } catch {
    return [];
  }
}

/** Calls it every few seconds, and where the document goes out of sight or away: a phone ends what it does not show, and asks nobody. Returns
 * what ends that. */
export function onLettingGo(keep: () => void): () => void {
  const hidden = () => (document.visibilityState === "hidden" ? keep() : undefined);
  const timer = setInterval(keep, KEPT_EVERY_MS);
  document.addEventListener("visibilitychange", hidden);
  addEventListener("pagehide", keep);
  return () => {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", hidden);
    removeEventListener("pagehide", keep);
  };
}

/** Whether there was one. */
export function forgetDraft(key: string): boolean {
  try {
    const was = sessionStorage.getItem(key) !== null;
    sessionStorage.removeItem(key);
    return was;
  } catch {
    return false;
  }
}

/** Drafts of everybody, and none is kept until this is said again for whoever signs in; or of everybody else. */
export function forgetDrafts(butOf?: string): void {
  isNobodys = butOf === undefined;
  forgetKeys(DRAFTS, butOf);
}

const SAMPLES = "burnish.samples.";

/** Where values are kept that somebody typed to try a prompt with. */
export function samplesKey(userId: string, workspaceId: string, slug: string): string {
  return `${SAMPLES}${userId}.${workspaceId}.${slug}`;
}

/** Those of everybody, or of everybody else: a tab that was loaded again after a session ended remembers nobody, and has them still. */
export function forgetSamples(butOf?: string): void {
  forgetKeys(SAMPLES, butOf);
}

function forgetKeys(begin: string, butOf: string | undefined) {
  try {
    for (const key of Object.keys(sessionStorage)) if (key.startsWith(begin) && !(butOf && key.startsWith(`${begin}${butOf}.`))) sessionStorage.removeItem(key);
  } catch {
    // Storage is switched off: there is nothing.
  }
}
