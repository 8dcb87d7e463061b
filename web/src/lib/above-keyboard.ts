import { type CSSProperties, useEffect, useState } from "react";

/** What stands at the window's foot or floats is no keyboard: those are all higher. */
const KEYBOARD_PX = 120;

/** A page that is enlarged by two fingers shows a part of itself, and nothing covers the rest. */
const ENLARGED = 1.05;

/** What can be seen of the window while a keyboard lies over its foot; null: all of it. An iPhone makes the window no smaller for its keyboard. */
export function aboveKeyboard(): { top: number; height: number } | null {
  const seen = globalThis.visualViewport;
  return seen && seen.scale < ENLARGED && innerHeight - seen.height > KEYBOARD_PX ? { top: seen.offsetTop, height: seen.height } : null;
}

/** Calls `then` when what can be seen changes. Returns what ends it. */
export function onKeyboard(then: () => void): () => void {
  const seen = globalThis.visualViewport;
  seen?.addEventListener("resize", then);
  seen?.addEventListener("scroll", then);
  return () => {
    seen?.removeEventListener("resize", then);
    seen?.removeEventListener("scroll", then);
  };
}

const BESIDE_PX = 8;

/** Keeps a dialog, whose buttons are at its foot, above the keyboard. `fills`: it is as high as the window. */
export function useAboveKeyboard(isOpen: boolean, fills = false): CSSProperties | undefined {
  const [[top, height], setSeen] = useState<[number, number]>([0, 0]);
  useEffect(() => {
    if (!isOpen) return undefined;
    const look = () => {
      const seen = aboveKeyboard();
      setSeen((before) => (before[0] === (seen?.top ?? 0) && before[1] === (seen?.height ?? 0) ? before : [seen?.top ?? 0, seen?.height ?? 0]));
    };
    look();
    return onKeyboard(look);
  }, [isOpen]);
  if (height === 0) return undefined;
  return fills ? { top, bottom: "auto", height } : { top: top + BESIDE_PX, maxHeight: height - 2 * BESIDE_PX };
}
