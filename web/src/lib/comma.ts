/** A number field of a browser whose language has no decimal comma drops one without a word: whoever writes "0,5" has "05", ten times as much. */
import type { InputEvent } from "react";

const THOUSANDS = /^\d{1,3}(,\d{3})+(\.\d+)?$/;

/** What somebody typed or pasted, with points before decimals. "1,000.5" and "1,000,000" are thousands; "1,000" alone is read as it is written in most of the world that writes commas: 1. */
export function withPoints(text: string): string {
  const isThousands = THOUSANDS.test(text) && (text.includes(".") || text.split(",").length > 2);
  return isThousands ? text.replaceAll(",", "") : text.replaceAll(",", ".");
}

const takesCommas = () => (1.5).toLocaleString().includes(",");

/** For `onBeforeInput` of a number field that takes decimals. */
export function commaAsPoint(event: InputEvent<HTMLInputElement>): void {
  const { data } = event;
  if (!data?.includes(",") || takesCommas()) return;
  event.preventDefault();
  // The only way that the browser's own undo knows of.
  document.execCommand("insertText", false, withPoints(data));
}
