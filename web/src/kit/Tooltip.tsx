import { Tooltip as Radix } from "radix-ui";
import type { ReactNode } from "react";

/** A sentence beside what has the pointer or the focus. Never the only place where something is said. */
export function Tooltip({ text, children, side = "top" }: { text: ReactNode; children: ReactNode; side?: "top" | "right" | "bottom" | "left" }) {
  return (
    <Radix.Provider delayDuration={350} skipDelayDuration={150}>
      <Radix.Root>
        <Radix.Trigger asChild>{children}</Radix.Trigger>
        <Radix.Portal>
          <Radix.Content side={side} sideOffset={6} collisionPadding={8} className="late z-60 max-w-72 rounded-m bg-fg px-2 py-1 text-12 text-bg">
            {text}
          </Radix.Content>
        </Radix.Portal>
      </Radix.Root>
    </Radix.Provider>
  );
}
