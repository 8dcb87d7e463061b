/** The focus is never lost: where what had it goes away (a row that was deleted, a button whose act is done), it goes on from there. */

/** Where an element stood: what it was in, from the innermost on, and as which child. */
type Place = { within: Element; at: number };

const CAN = 'a[href], button, input:not([type="hidden"]), select, textarea, summary, [tabindex="0"]';
/** Beyond these nobody looks for what stood beside it: they take the focus themselves. */
const ENDS = 'main, [role="dialog"]';

const places = new WeakMap<Element, readonly Place[]>();

function placesOf(element: Element): Place[] {
  const found: Place[] = [];
  for (let one = element; one.parentElement; one = one.parentElement) found.push({ within: one.parentElement, at: [...one.parentElement.children].indexOf(one) });
  return found;
}

function takesFocus(element: Element): element is HTMLElement {
  return element.matches(CAN) && !element.matches(":disabled") && element.closest('[inert], [aria-hidden="true"]') === null && (element as HTMLElement).checkVisibility?.({ visibilityProperty: true }) !== false;
}

const within = (element: Element): HTMLElement[] => [element, ...element.querySelectorAll(CAN)].filter(takesFocus);

/** What stands where `gone` stood, or next to it; null where nobody knows where that was. */
export function beside(gone: Element): HTMLElement | null {
  for (const place of places.get(gone) ?? []) {
    if (!place.within.isConnected) continue;
    // Layers lie in the body beside all of the page: its last control is no neighbour, the less so where the page is about to go.
    if (place.within === document.body) return null;
    if (place.within instanceof HTMLElement && place.within.matches(ENDS)) return place.within;
    const children = [...place.within.children];
    const after = children.slice(place.at).flatMap((one) => within(one)[0] ?? [])[0];
    const found = after ?? children.slice(0, place.at).flatMap(within).at(-1);
    if (found) return found;
  }
  return null;
}

const isNobody = (element: Element | null) => element === null || element === document.body;

/** Whether it cannot have the focus any more. */
const isGone = (element: Element) => !element.isConnected || element.matches(":disabled") || (element as HTMLElement).checkVisibility?.() === false;

/** From now on, for whoever goes by keys: what the pointer pressed is gone for nobody. Returns how to end it. */
export function keepFocus(): () => void {
  let last: Element | null = null;
  let isByKeys = false;
  let waiting = 0;
  const note = ({ target }: FocusEvent) => {
    if (!(target instanceof Element)) return;
    last = target;
    places.set(target, placesOf(target));
  };
  const byKeys = () => (isByKeys = true);
  const byPointer = () => (isByKeys = false);
  const goOn = () => {
    waiting = 0;
    if (!last || !isByKeys || !isNobody(document.activeElement) || !isGone(last)) return;
    const to = beside(last) ?? document.querySelector<HTMLElement>("main");
    const over = [...document.querySelectorAll('[role="dialog"][data-state="open"]')].at(-1);
    if (!over || over.contains(to)) to?.focus({ preventScroll: to.matches("main") });
  };
  // Two frames later: whoever knows better where it belongs has put it there by then.
  const look = () => {
    if (isByKeys && waiting === 0 && last && isNobody(document.activeElement) && isGone(last)) waiting = requestAnimationFrame(() => (waiting = requestAnimationFrame(goOn)));
  };
  const watcher = new MutationObserver(look);
  watcher.observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["disabled", "hidden", "class"] });
  document.addEventListener("focusin", note, true);
  document.addEventListener("focusout", look, true);
  document.addEventListener("keydown", byKeys, true);
  document.addEventListener("pointerdown", byPointer, true);
  return () => {
    cancelAnimationFrame(waiting);
    watcher.disconnect();
    document.removeEventListener("focusin", note, true);
    document.removeEventListener("focusout", look, true);
    document.removeEventListener("keydown", byKeys, true);
    document.removeEventListener("pointerdown", byPointer, true);
  };
}
