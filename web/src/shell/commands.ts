/** What ⌘K offers beside pages: each page adds its own acts while it is on screen. */
import type { ReactNode } from "react";
import { useEffect, useSyncExternalStore } from "react";

export type Command = { id: string; label: string; icon?: ReactNode; /** Shown at the right, such as "⌘S". */ keys?: string; keywords?: string[]; run: () => void };

let commands: readonly Command[] = [];
const watchers = new Set<() => void>();

function set(next: readonly Command[]) {
  commands = next;
  for (const changed of watchers) changed();
}

/** Offers these acts in ⌘K while the component is there. Memoize the list. */
export function useCommands(offered: readonly Command[]): void {
  useEffect(() => {
    set([...commands, ...offered]);
    return () => set(commands.filter((one) => !offered.includes(one)));
  }, [offered]);
}

export function useOfferedCommands(): readonly Command[] {
  return useSyncExternalStore(
    (changed) => {
      watchers.add(changed);
      return () => void watchers.delete(changed);
    },
    () => commands,
  );
}
