import { useSyncExternalStore } from "react";

/** What somebody chose; "system" follows the machine. public/theme.js does the same before the first paint. */
export type ThemeChoice = "system" | "light" | "dark";
const KEY = "burnish.theme";
const watchers = new Set<() => void>();

function stored(): ThemeChoice {
  try {
    const found = localStorage.getItem(KEY);
    return found === "light" || found === "dark" ? found : "system";
  } catch {
    return "system";
  }
}

let choice = stored();

/** Where somebody brings colours of their own the ground is theirs, and what is drawn on it has to suit it: then no choice counts. */
const FORCED = "(forced-colors: active)";
const DARK = "(prefers-color-scheme: dark)";

function apply() {
  const dark = choice === "system" || matchMedia(FORCED).matches ? matchMedia(DARK).matches : choice === "dark";
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  for (const changed of watchers) changed();
}

export function chooseTheme(next: ThemeChoice): void {
  choice = next;
  try {
    if (next === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, next);
  } catch {
    // Storage is switched off: it holds until the page is closed.
  }
  apply();
}

/** Follows the machine, and a choice that is made in another tab. */
export function watchTheme(): void {
  for (const one of [DARK, FORCED]) matchMedia(one).addEventListener("change", apply);
  addEventListener("storage", (event) => {
    if (event.key !== KEY) return;
    choice = stored();
    apply();
  });
}

function watch(changed: () => void): () => void {
  watchers.add(changed);
  return () => void watchers.delete(changed);
}

export function useThemeChoice(): ThemeChoice {
  return useSyncExternalStore(watch, () => choice);
}

/** The theme that is shown, for what cannot take its colours from CSS variables. */
export function useShownTheme(): "light" | "dark" {
  return useSyncExternalStore(watch, () => (document.documentElement.dataset.theme === "dark" ? "dark" : "light"));
}
