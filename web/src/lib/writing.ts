/** Whom a key is for: whoever writes, what lies over the page, or the page. */

export function isWriting(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input:not([type=checkbox], [type=radio]), textarea, select, [role=textbox]") || target.closest("[role=dialog], [role=menu]") !== null);
}

/** Whether a dialog, a menu or a list lies over the page, wherever the focus is. */
export function isCovered(): boolean {
  return document.querySelector("[data-floating], [role=dialog]") !== null;
}
