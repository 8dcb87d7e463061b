import type { MouseEvent } from "react";
import { flushSync } from "react-dom";
import { announce } from "./Toast";

/** Marks the button that takes a chip out, and the box around all chips and what adds one. */
export const CHIP = { "data-chip": "" };
export const CHIPS = { "data-chips": "" };

/** Takes out the chip whose button was pressed, says so, and gives the focus, which would be gone with it, to the button of the next chip, else of
 * the one before, else to what adds one. */
export function takeChip(event: MouseEvent<HTMLElement>, name: string, remove: () => void): void {
  const box = event.currentTarget.closest("[data-chips]");
  const chips = () => [...(box?.querySelectorAll<HTMLElement>("[data-chip]") ?? [])];
  const at = chips().indexOf(event.currentTarget);
  flushSync(remove);
  announce(`${name} is taken out`);
  const left = chips();
  (left[at] ?? left[at - 1] ?? box?.querySelector<HTMLElement>("button:not(:disabled), input:not(:disabled), select:not(:disabled), textarea:not(:disabled)"))?.focus();
}
