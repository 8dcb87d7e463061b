/** The keyboard of the whole page. Keys of one letter are heard only where nobody is writing and no dialog is open. */
import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { isCovered, isWriting } from "@/lib/writing";
import { JUMPS } from "./nav";

const JUMP_MS = 1_200;

export const isMac = /Mac|iPhone|iPad/.test(navigator.platform);
export const MOD = isMac ? "⌘" : "Ctrl ";

/** Whether a letter is for nobody but who hears it now: somebody writes, or something lies over the page. */
function isTaken(event: KeyboardEvent): boolean {
  return event.defaultPrevented || isWriting(event.target) || isCovered();
}

export function useKeys({ palette, help }: { palette: () => void; help: () => void }): void {
  const navigate = useNavigate();
  useEffect(() => {
    let jumpUntil = 0;
    const heard = (event: KeyboardEvent) => {
      if ((event.metaKey || event.ctrlKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k") {
        event.preventDefault();
        palette();
        return;
      }
      if (event.metaKey || event.ctrlKey || event.altKey || isTaken(event)) return;
      if (performance.now() < jumpUntil) {
        jumpUntil = 0;
        const jump = JUMPS.get(event.key);
        if (!jump) return;
        event.preventDefault();
        void navigate({ to: jump.to });
      } else if (event.key === "g") jumpUntil = performance.now() + JUMP_MS;
      else if (event.key === "?") {
        event.preventDefault();
        help();
      } else if (event.key === "/") {
        const search = document.querySelector<HTMLInputElement>("main [data-search]");
        if (!search) return;
        event.preventDefault();
        search.focus();
        search.select();
      }
    };
    document.addEventListener("keydown", heard);
    return () => document.removeEventListener("keydown", heard);
  }, [navigate, palette, help]);
}

/** One key or ⌘key while a page is on screen: `useHotkey("mod+s", save)`, `useHotkey("n", create)`. */
export function useHotkey(keys: string, run: () => void, enabled = true): void {
  useEffect(() => {
    if (!enabled) return undefined;
    const parts = keys.toLowerCase().split("+");
    const mod = parts.includes("mod");
    const key = parts.at(-1);
    const heard = (event: KeyboardEvent) => {
      // A key that is held down means its act once.
      if (event.repeat || event.key.toLowerCase() !== key || (event.metaKey || event.ctrlKey) !== mod || event.altKey || event.defaultPrevented) return;
      if (!mod && isTaken(event)) return;
      event.preventDefault();
      run();
    };
    document.addEventListener("keydown", heard);
    return () => document.removeEventListener("keydown", heard);
  }, [keys, run, enabled]);
}
