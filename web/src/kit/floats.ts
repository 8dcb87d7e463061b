/** What lies over the page, and no first visit shows: dialogs, drawers, lists to find something in. It comes with the first act on the page, or
 * some time after it, and is there when it is opened, also without a connection by then. */
import { later } from "@/lib/later";
import type { ComboListProps } from "./float/ComboList";
import type { DialogFrameProps } from "./float/DialogFrame";

export const DialogFrame = later<DialogFrameProps>(() => import("./float/DialogFrame"), { quiet: true });
export const ComboList = later<ComboListProps>(() => import("./float/ComboList"), { quiet: true });

/** Tried again when one is opened, where it fails. */
export async function preloadFloats(): Promise<void> {
  await Promise.all([DialogFrame.preload(), ComboList.preload()]);
}

const ACTS = ["pointermove", "pointerdown", "keydown"] as const;

/** Calls `preload` with the first act of somebody on the page, else when `quietMs` went by. Returns how to stop waiting. */
export function afterFirstAct(preload: () => unknown, quietMs: number): () => void {
  const stop = () => {
    clearTimeout(timer);
    for (const one of ACTS) removeEventListener(one, go, { capture: true });
  };
  const go = () => {
    stop();
    preload();
  };
  const timer = setTimeout(go, quietMs);
  for (const one of ACTS) addEventListener(one, go, { capture: true, passive: true });
  return stop;
}
