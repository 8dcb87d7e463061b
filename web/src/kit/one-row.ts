/** Of a list one row or card at a time is among the stops of Tab, with all that stands in it; the arrow keys go to the others. A list of fifty would be more
 * than a hundred stops otherwise, and what comes below it out of reach. Nothing changes for who reads the list as a table, or points at it. */

const STOPS = 'a[href], button, input, select, textarea, summary, [tabindex="0"]';
/** What had a place among the stops, and which: "" where it had it by itself. */
const OFF = "data-off-tab";

/** What the arrow keys go on from: where they have no meaning of their own. A row without any stays as it is, for nothing else would lead to it. */
const GOES_ON = 'a[href], button:not([aria-haspopup]):not(:disabled), input[type="checkbox"]:not(:disabled)';

const takesPart = (row: Element) => row.querySelector(GOES_ON) !== null;

/** What of a table takes turns; and of a list of cards or lines. */
const ROWS = "tbody > tr";
export const CARDS = "li";
export const LINES = "li";

function take(row: Element) {
  for (const one of row.querySelectorAll(STOPS)) {
    if (one.hasAttribute(OFF) || one.getAttribute("tabindex") === "-1") continue;
    one.setAttribute(OFF, one.getAttribute("tabindex") ?? "");
    one.setAttribute("tabindex", "-1");
  }
}

function giveBack(row: Element) {
  for (const one of row.querySelectorAll(`[${OFF}]`)) {
    const before = one.getAttribute(OFF);
    if (before) one.setAttribute("tabindex", before);
    else one.removeAttribute("tabindex");
    one.removeAttribute(OFF);
  }
}

const CHOSEN = '[aria-selected="true"], [aria-current="true"]';
/** What may change which rows take part, and which is chosen. */
const TELLING = ["disabled", "aria-selected", "aria-current"];

/** From now on. The row is the one that had the focus last; before that, and once another is chosen elsewhere, the one that is chosen, else the first.
 * Returns how to end it. */
export function oneRowAtATime(table: Element, rows = ROWS): () => void {
  let current: Element | null = null;
  // By the focus: it stays then, whatever comes above it.
  let isHeld = false;
  const hasFocus = (row: Element) => row.contains(document.activeElement);
  const choose = () => {
    const can = [...table.querySelectorAll(rows)].filter(takesPart);
    const next = can.find(hasFocus) ?? can.find((row) => row.matches(CHOSEN) || row.querySelector(CHOSEN)) ?? can[0] ?? null;
    if (current && current !== next && takesPart(current)) take(current);
    isHeld = next !== null && hasFocus(next);
    current = next;
  };
  const order = (came: readonly Element[]) => {
    // It can be chosen no more, or its part of a long list is out of the document, or it is gone.
    if (!isHeld || !current || !table.contains(current) || !(takesPart(current) || hasFocus(current))) choose();
    for (const row of came) {
      if (row === current) continue;
      if (takesPart(row)) take(row);
      else giveBack(row);
    }
    if (current) giveBack(current);
  };
  const came = ({ target }: Event) => {
    const row = target instanceof Element ? target.closest(rows) : null;
    if (!row || !takesPart(row)) return;
    isHeld = true;
    if (row === current) return;
    const before = current;
    current = row;
    if (before) take(before);
    giveBack(row);
  };
  order([...table.querySelectorAll(rows)]);
  const changes = new MutationObserver((noted) => {
    const changed = noted.flatMap(({ type, target, addedNodes }) => (type === "attributes" ? [target] : [...addedNodes])).filter((one) => one instanceof Element);
    if (!hasFocus(table) && noted.some(({ attributeName, target }) => attributeName !== null && attributeName !== "disabled" && (target as Element).getAttribute(attributeName) === "true")) isHeld = false;
    order([...new Set(changed.flatMap((one) => one.closest(rows) ?? [...one.querySelectorAll(rows)]))]);
  });
  changes.observe(table, { childList: true, subtree: true, attributes: true, attributeFilter: TELLING });
  table.addEventListener("focusin", came);
  return () => {
    changes.disconnect();
    table.removeEventListener("focusin", came);
    for (const row of table.querySelectorAll(rows)) giveBack(row);
  };
}

/** The row above or below it that takes part, also in the next part of a long list. */
function beside(row: Element, step: number): Element | null {
  const next = (one: Element) => (step > 0 ? one.nextElementSibling : one.previousElementSibling);
  for (let part: Element | null = row.parentElement, one = next(row); ; one = next(one)) {
    while (!one) {
      part = part && next(part);
      if (!part?.matches("tbody")) return null;
      one = step > 0 ? part.firstElementChild : part.lastElementChild;
    }
    if (takesPart(one)) return one;
  }
}

/** Which row the key leads to, as a step. Where an arrow key has a meaning of its own, as on a button with a menu or in a text, it keeps it. */
function stepOf(event: KeyboardEvent, target: HTMLElement): number {
  if (event.metaKey || event.ctrlKey || event.altKey || target.matches('input:not([type="checkbox"]), select, textarea, [contenteditable]')) return 0;
  const step = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1 }[event.key] ?? 0;
  return target.matches("[aria-haspopup]") && event.key.length > 1 ? 0 : step;
}

/** By the arrow keys from row to row: from what opens one to what opens the next, from a checkbox to the one below it. */
export function goByArrows(event: KeyboardEvent, table: Element, rows = ROWS): void {
  const { target } = event;
  const here = target instanceof HTMLElement ? target.closest(rows) : null;
  const step = target instanceof HTMLElement ? stepOf(event, target) : 0;
  if (!here || !(target instanceof HTMLElement) || step === 0 || event.defaultPrevented) return;
  const next = beside(here, step);
  if (!next || !table.contains(next)) return;
  const all = (row: Element) => [...row.querySelectorAll<HTMLElement>(`${STOPS}, [${OFF}]`)];
  const opener = next.querySelector<HTMLElement>("[data-row]") ?? next.querySelector<HTMLElement>(GOES_ON);
  const same = target.matches("[data-row]") ? opener : (all(next)[all(here).indexOf(target)] ?? opener);
  event.preventDefault();
  same?.focus();
}

/** From line to line of a list: as in a table, and by Home and End to its ends. */
export function goOverLines(event: KeyboardEvent, list: Element): void {
  const { target, key } = event;
  const isEnd = key === "Home" || key === "End";
  const takesText = target instanceof HTMLElement && target.matches('input:not([type="checkbox"]), select, textarea, [contenteditable]');
  if (!isEnd || takesText || event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey || event.shiftKey) {
    goByArrows(event, list, LINES);
    return;
  }
  const lines = [...list.querySelectorAll(LINES)].filter(takesPart);
  event.preventDefault();
  lines.at(key === "Home" ? 0 : -1)?.querySelector<HTMLElement>(GOES_ON)?.focus();
}

const SIDEWAYS = { ArrowRight: 1, ArrowLeft: -1 };
const UP_OR_DOWN = { ArrowDown: 1, ArrowUp: -1 };

/** From card to card: to the side in their order, up and down to the nearest in the next line of them. */
export function goOverCards(event: KeyboardEvent, list: Element): void {
  const { target, key } = event;
  const here = target instanceof HTMLElement ? target.closest(CARDS) : null;
  if (!here || event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey) return;
  const cards = [...list.querySelectorAll<HTMLElement>(CARDS)].filter(takesPart);
  const place = (card: Element) => card.getBoundingClientRect();
  const down = UP_OR_DOWN[key as keyof typeof UP_OR_DOWN];
  const side = SIDEWAYS[key as keyof typeof SIDEWAYS];
  if (!down && !side) return;
  event.preventDefault();
  const away = (card: Element) => Math.abs(place(card).top - place(here).top) * cards.length + Math.abs(place(card).left - place(here).left);
  const beyond = cards.filter((card) => down && (place(card).top - place(here).top) * down > 0);
  const next = side ? cards[cards.indexOf(here as HTMLElement) + side] : beyond.toSorted((a, b) => away(a) - away(b))[0];
  next?.querySelector<HTMLElement>(GOES_ON)?.focus();
}
