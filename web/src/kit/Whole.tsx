import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { createPortal } from "react-dom";
import { Floating } from "./Floating";

const RESTS_MS = 350;
/** Time to get from what is cut off onto the whole of it. */
const STAYS_MS = 150;
const LONGEST = 2_000;
/** So far up from what was pointed at, something is still the same thing. */
const LEVELS = 4;
const MOST = 3;

type Found = { anchor: HTMLElement; texts: readonly string[] };

/** Whether an element ends in "…" although it holds more. What has a `title` says it by that. */
export function isCut(element: HTMLElement): boolean {
  const { textOverflow, overflowX, webkitLineClamp } = getComputedStyle(element);
  const isLine = textOverflow === "ellipsis" && overflowX !== "visible" && element.scrollWidth > element.clientWidth + 1;
  const areLines = Boolean(webkitLineClamp) && webkitLineClamp !== "none" && element.scrollHeight > element.clientHeight + 1;
  return (isLine || areLines) && element.closest("[title]") === null && element.textContent.trim() !== "";
}

const holds = (element: Element, x: number, y: number) => {
  const { left, right, top, bottom } = element.getBoundingClientRect();
  return x >= left && x <= right && y >= top && y <= bottom;
};

const wordsOf = (element: HTMLElement) => element.textContent.trim().slice(0, LONGEST);

/** What is cut off at a point. A row lies below the link that covers it, so what stands in it is looked for by its place. */
function cutAt(target: Element, x: number, y: number): Found | null {
  let up: Element | null = target;
  for (let level = 0; level < LEVELS && up instanceof HTMLElement; level++, up = up.parentElement) if (isCut(up)) return { anchor: up, texts: [wordsOf(up)] };
  const within = target.closest("tr") ?? target.closest("a, button, label, [role^=menuitem], [role=option]");
  const found = [...(within?.querySelectorAll<HTMLElement>("*") ?? [])].find((one) => holds(one, x, y) && isCut(one));
  return found ? { anchor: found, texts: [wordsOf(found)] } : null;
}

/** What is cut off in what has the focus; of a row that opens, in all of it. */
function cutIn(focused: HTMLElement): Found | null {
  const within = focused.matches("[data-row]") ? focused.closest("tr") : focused;
  const found = [focused, ...(within?.querySelectorAll<HTMLElement>("*") ?? [])].filter((one) => one.checkVisibility?.() !== false && isCut(one)).slice(0, MOST);
  return found[0] ? { anchor: found[0], texts: [...new Set(found.map(wordsOf))] } : null;
}

/** Wherever a text ends in "…", the whole of it stands beside it for whoever points at it or comes to it by the keys; with a finger, by a tap on what
 * does nothing else. Who has it read out hears the whole anyway. Mounted once. */
export function Whole() {
  const [{ found, at }, setFound] = useState<{ found: Found | null; at: number }>({ found: null, at: 0 });
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let isByKeys = false;
    const after = (ms: number, next: () => Found | null) => {
      clearTimeout(timer.current);
      // Counted, for the same words of another row stand elsewhere.
      timer.current = setTimeout(() => setFound((was) => ({ found: next(), at: was.at + 1 })), ms);
    };
    const close = () => after(0, () => null);
    const isOwn = (target: EventTarget | null) => target instanceof Node && box.current?.contains(target);
    const isSaid = () => document.querySelector("[role=tooltip]") !== null;
    const moved = (event: PointerEvent) => {
      const { target, clientX, clientY, pointerType } = event;
      if (pointerType === "touch" || !(target instanceof Element)) return;
      if (isOwn(target)) clearTimeout(timer.current);
      else if (!isByKeys || !box.current) after(box.current ? STAYS_MS : RESTS_MS, () => (target.isConnected && !isSaid() ? cutAt(target, clientX, clientY) : null));
    };
    const pressed = ({ target, clientX, clientY, pointerType }: PointerEvent) => {
      if (isOwn(target)) return;
      isByKeys = false;
      const acts = target instanceof Element && target.closest("a, button, input, select, textarea, label, summary, [role]:not(main, [role=dialog], [role=group], [role=tabpanel])") !== null;
      after(0, () => (pointerType === "touch" && target instanceof Element && !acts ? cutAt(target, clientX, clientY) : null));
    };
    const came = ({ target }: FocusEvent) => {
      isByKeys = target instanceof HTMLElement && target.matches(":focus-visible") && !target.matches("main, [role=dialog], [role=menu]");
      if (isByKeys) after(0, () => (isSaid() ? null : cutIn(target as HTMLElement)));
    };
    const left = () => {
      isByKeys = false;
      close();
    };
    const key = (event: KeyboardEvent) => event.key === "Escape" && close();
    // What the keys lead to is scrolled to, and its words go along.
    const scrolled = ({ target }: Event) => !isByKeys && !isOwn(target) && close();
    const until = new AbortController();
    const heard = { capture: true, passive: true, signal: until.signal };
    document.addEventListener("pointermove", moved, heard);
    document.addEventListener("pointerdown", pressed, heard);
    document.addEventListener("focusin", came, heard);
    document.addEventListener("focusout", left, heard);
    document.addEventListener("keydown", key, heard);
    document.addEventListener("scroll", scrolled, heard);
    return () => {
      clearTimeout(timer.current);
      until.abort();
    };
  }, []);
  if (!found?.anchor.isConnected) return null;
  // Within the dialog or the list that it is said of: a press on it is none beside that.
  return createPortal(<Words key={at} found={found} box={box} />, found.anchor.closest("[role=dialog], [data-floating]") ?? document.body);
}

function Words({ found, box }: { found: Found; box: React.RefObject<HTMLDivElement | null> }) {
  const anchor = useRef<HTMLElement | null>(found.anchor);
  useLayoutEffect(() => {
    anchor.current = found.anchor;
  });
  return (
    <Floating ref={box} data-whole aria-hidden anchor={anchor} side="bottom" align="start" gap={4} className="late flex w-max max-w-[min(60ch,calc(100vw-1rem))] flex-col gap-1 overflow-y-auto rounded-m bg-fg px-2 py-1 text-12 text-bg">
      {found.texts.map((text) => (
        <span key={text} dir="auto" className="block wrap-anywhere whitespace-break-spaces">
          {text}
        </span>
      ))}
    </Floating>
  );
}
