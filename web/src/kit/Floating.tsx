import { type ComponentProps, type RefObject, useEffect, useLayoutEffect, useRef } from "react";
import { aboveKeyboard, onKeyboard } from "@/lib/above-keyboard";
import { classes } from "@/lib/classes";
import { type Align, type Side, place } from "./place";

/** What lies over the page beside `anchor`, and follows it. It is in the browser's top layer, so nothing cuts it off, and stays where it is in the
 * document: what reads it, and the dialog it may stand in, find it there. It takes none of the text's look from its surroundings. */
export function Floating({ anchor, side = "bottom", align = "center", gap = 4, inline, className, ref, ...rest }: ComponentProps<"div"> & { anchor: RefObject<HTMLElement | null>; side?: Side; align?: Align; gap?: number; /** Holds words alone, and may stand in a sentence. */ inline?: boolean }) {
  const own = useRef<HTMLDivElement>(null);
  const box = ref && typeof ref === "object" ? ref : own;
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    // An old browser without a top layer shows it in its place all the same.
    element.showPopover?.();
    const put = () => {
      if (!anchor.current) return;
      const seen = aboveKeyboard();
      const at = place(anchor.current.getBoundingClientRect(), { width: element.offsetWidth, height: element.scrollHeight }, { width: document.documentElement.clientWidth, height: seen ? seen.top + seen.height : innerHeight }, { side, align, gap });
      element.style.left = `${Math.round(at.left)}px`;
      element.style.top = `${Math.round(at.top)}px`;
      if (side === "top" || side === "bottom") element.style.maxHeight = `${Math.floor(at.room)}px`;
    };
    put();
    const grows = new ResizeObserver(put);
    for (const child of [element, ...element.children]) grows.observe(child);
    addEventListener("scroll", put, { capture: true, passive: true });
    addEventListener("resize", put);
    const leave = onKeyboard(put);
    return () => {
      leave();
      grows.disconnect();
      removeEventListener("scroll", put, { capture: true });
      removeEventListener("resize", put);
    };
  }, [anchor, box, side, align, gap]);
  const Tag = (inline ? "span" : "div") as "div";
  return <Tag popover="manual" {...rest} ref={box} className={classes("pointer-events-auto visible fixed inset-auto z-60 m-0 border-0 text-left font-sans font-normal tracking-normal whitespace-normal", className)} />;
}

/** Closes what lies over the page: by Escape alone, before a dialog around it hears of the key, and by pressing anywhere else. */
export function useClosing(isOpen: boolean, within: readonly RefObject<HTMLElement | null>[], close: (by: "escape" | "elsewhere") => void) {
  const latest = useRef({ within, close });
  useEffect(() => {
    latest.current = { within, close };
  });
  useEffect(() => {
    if (!isOpen) return undefined;
    const isInside = (target: EventTarget | null) => target instanceof Node && latest.current.within.some((one) => one.current?.contains(target));
    const escape = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      event.stopPropagation();
      latest.current.close("escape");
    };
    const elsewhere = (event: Event) => {
      if (!isInside(event.target)) latest.current.close("elsewhere");
    };
    addEventListener("keydown", escape, { capture: true });
    addEventListener("pointerdown", elsewhere, { capture: true });
    addEventListener("focusin", elsewhere, { capture: true });
    return () => {
      removeEventListener("keydown", escape, { capture: true });
      removeEventListener("pointerdown", elsewhere, { capture: true });
      removeEventListener("focusin", elsewhere, { capture: true });
    };
  }, [isOpen]);
}
