import { type FocusEvent, type HTMLAttributes, type PointerEvent, type ReactElement, type ReactNode, type Ref, cloneElement, isValidElement, useCallback, useEffect, useId, useLayoutEffect, useRef, useState } from "react";
import { Floating } from "./Floating";

const OPENS_AFTER_MS = 350;
/** The next one within this time opens at once. */
const SKIPS_WITHIN_MS = 150;
/** Time to get from the control onto the sentence itself. */
const STAYS_MS = 100;

let closedAtMs = Number.NEGATIVE_INFINITY;

type Props = HTMLAttributes<HTMLElement> & { ref?: Ref<HTMLElement> };

/** A sentence beside what has the pointer or the focus. Never the only place where something is said. */
export function Tooltip({ text, children, side = "top" }: { text: ReactNode; children: ReactNode; side?: "top" | "right" | "bottom" | "left" }) {
  const id = useId();
  const anchor = useRef<HTMLElement | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const [isOpen, setOpen] = useState(false);
  const wasOpen = useRef(false);
  const turn = useCallback((open: boolean, afterMs = 0) => {
    clearTimeout(timer.current);
    const go = () => {
      if (!open && wasOpen.current) closedAtMs = performance.now();
      wasOpen.current = open;
      setOpen(open);
    };
    if (afterMs > 0) timer.current = setTimeout(go, afterMs);
    else go();
  }, []);
  useEffect(() => () => clearTimeout(timer.current), []);
  // From when it is seen on, not a moment later.
  useLayoutEffect(() => {
    if (!isOpen) return undefined;
    // It goes, and the key goes on: what closes a dialog closes it.
    const escape = (event: KeyboardEvent) => event.key === "Escape" && turn(false);
    addEventListener("keydown", escape, { capture: true });
    return () => removeEventListener("keydown", escape, { capture: true });
  }, [isOpen, turn]);

  const child: ReactElement<Props> = isValidElement<Props>(children) ? children : <span>{children}</span>;
  const own = child.props;
  const given = own.ref;
  const ref = useCallback(
    (element: HTMLElement | null) => {
      anchor.current = element;
      if (typeof given === "function") given(element);
      else if (given) given.current = element;
    },
    [given],
  );
  return (
    <>
      {cloneElement(child, {
        ref,
        "aria-describedby": [own["aria-describedby"], isOpen && id].filter(Boolean).join(" ") || undefined,
        onPointerEnter: (event: PointerEvent<HTMLElement>) => {
          own.onPointerEnter?.(event);
          if (event.pointerType !== "touch") turn(true, performance.now() - closedAtMs < SKIPS_WITHIN_MS ? 0 : OPENS_AFTER_MS);
        },
        onPointerLeave: (event: PointerEvent<HTMLElement>) => {
          own.onPointerLeave?.(event);
          turn(false, STAYS_MS);
        },
        onPointerDown: (event: PointerEvent<HTMLElement>) => {
          own.onPointerDown?.(event);
          turn(false);
        },
        onFocus: (event: FocusEvent<HTMLElement>) => {
          own.onFocus?.(event);
          if (event.currentTarget.matches(":focus-visible")) turn(true);
        },
        onBlur: (event: FocusEvent<HTMLElement>) => {
          own.onBlur?.(event);
          // Once the focus is where it goes: a dialog that sees something go while nobody has the focus takes it to its own beginning.
          turn(false, 1);
        },
      })}
      {isOpen ? (
        <Floating id={id} role="tooltip" inline anchor={anchor} side={side} gap={6} onPointerEnter={() => turn(true)} onPointerLeave={() => turn(false, STAYS_MS)} className="late w-max max-w-72 rounded-m bg-fg px-2 py-1 text-12 text-bg">
          {text}
        </Floating>
      ) : null}
    </>
  );
}
