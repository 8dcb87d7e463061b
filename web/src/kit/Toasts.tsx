import { CircleAlert, CircleCheck, X } from "lucide-react";
import { type FocusEvent, type RefObject, useEffect, useLayoutEffect, useRef, useSyncExternalStore } from "react";
import { isCovered, isWriting } from "@/lib/writing";
import { UNDO, dismiss, hold, said } from "./Toast";

/** Messages, at the window's foot. F8 leads to the newest act among them, where no dialog is open, and back; ⌘Z is the newest Undo where nobody writes. */
export default function Toasts() {
  const toasts = useSyncExternalStore(said.watch, said.shown);
  const words = useSyncExternalStore(said.watch, said.words);
  const box = useRef<HTMLElement>(null);
  const { back, note, left } = useWayBack(box);
  useMessageKeys(box, back);
  // In a low window they may not fit: the newest is in sight, and the others are scrolled to.
  useLayoutEffect(() => {
    if (toasts.length > 0) box.current?.scrollTo({ top: box.current.scrollHeight });
  }, [toasts]);
  return (
    <section ref={box} aria-label="Messages" aria-live="polite" data-messages className="pointer-events-none fixed inset-x-0 bottom-0 z-70 flex max-h-dvh flex-col items-end gap-2 overflow-y-auto overscroll-contain has-[[data-message]]:p-4" onMouseOver={() => hold(true)} onMouseLeave={() => hold(false)} onFocus={note} onBlur={left}>
      <p className="sr-only">{words}</p>
      {toasts.map((one) => (
        <div key={one.id} data-message className="appear pointer-events-auto flex w-full shrink-0 max-w-sm items-start gap-2.5 rounded-l bg-panel py-2.5 pr-1.5 pl-3 text-13 shadow-float">
          {one.tone === "ok" ? <CircleCheck size={16} aria-hidden className="mt-0.5 shrink-0 text-ok" /> : <CircleAlert size={16} aria-label={one.tone === "bad" ? "Failed:" : "Beware:"} className={`mt-0.5 shrink-0 ${one.tone === "bad" ? "text-bad" : "text-warn"}`} />}
          <p className="min-w-0 flex-1 wrap-break-word">
            {one.text}
            {one.requestId ? <span className="block text-12 break-all text-muted">Request {one.requestId}</span> : null}
          </p>
          {one.action ? (
            <>
              <button
                type="button"
                data-act
                className="rounded-s px-1.5 font-medium text-accent"
                onClick={() => {
                  one.action?.run();
                  dismiss(one.id);
                }}
              >
                {one.action.label}
              </button>
              <kbd aria-hidden className="mt-0.5 shrink-0 font-sans text-12 text-muted finger:hidden">
                F8
              </kbd>
              <span className="sr-only">Press F8 to go to {one.action.label}.</span>
            </>
          ) : null}
          <button type="button" aria-label="Close this message" className="grid size-6 shrink-0 place-items-center rounded-s text-muted hover:text-fg" onClick={() => dismiss(one.id)}>
            <X size={14} aria-hidden />
          </button>
        </div>
      ))}
    </section>
  );
}

/** Whoever came to a message by keys is led back to where they were, by `back`, and by itself where what had the focus is gone. */
function useWayBack(box: RefObject<HTMLElement | null>) {
  const before = useRef<HTMLElement | null>(null);
  const isWithin = useRef(false);
  const back = () => {
    const to = before.current?.isConnected ? before.current : document.querySelector<HTMLElement>("main");
    before.current = null;
    isWithin.current = false;
    to?.focus();
  };
  useLayoutEffect(() => {
    if (isWithin.current && !box.current?.contains(document.activeElement)) {
      if (document.activeElement === document.body) back();
      isWithin.current = false;
    }
  });
  const note = (event: FocusEvent) => {
    hold(true);
    const from = event.relatedTarget instanceof HTMLElement ? event.relatedTarget : null;
    // From nowhere, though it was here: the window was left meanwhile.
    if (from ? !box.current?.contains(from) : !isWithin.current) before.current = from;
    isWithin.current = true;
  };
  const left = (event: FocusEvent) => {
    hold(false);
    // Whoever went elsewhere is not led back from there. Who left the window still is here.
    if (!box.current?.contains(event.relatedTarget) && document.activeElement !== event.target) isWithin.current = false;
  };
  return { back, note, left };
}

function useMessageKeys(box: RefObject<HTMLElement | null>, back: () => void) {
  const latest = useRef(back);
  useEffect(() => {
    latest.current = back;
  });
  useEffect(() => {
    const heard = (event: KeyboardEvent) => {
      const isWithin = box.current?.contains(document.activeElement);
      if (event.key === "F8" && !event.ctrlKey && !event.metaKey && !event.altKey) {
        const newest = box.current?.querySelectorAll<HTMLElement>("[data-act]");
        const to = [...(newest?.length ? newest : (box.current?.querySelectorAll<HTMLElement>("button") ?? []))].at(-1);
        // A dialog holds the focus until it is answered.
        if (!to || document.querySelector("[role=dialog]")) return;
        event.preventDefault();
        if (isWithin) latest.current();
        else to.focus();
      } else if (event.key === "Escape" && isWithin) {
        // What lies below, such as a dialog, stays.
        event.preventDefault();
        event.stopPropagation();
        latest.current();
      } else if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && !event.repeat) {
        const undo = said.shown().findLast((one) => one.action?.label === UNDO);
        if (!undo || event.defaultPrevented || isWriting(event.target) || isCovered()) return;
        event.preventDefault();
        undo.action?.run();
        dismiss(undo.id);
      }
    };
    addEventListener("keydown", heard, { capture: true });
    return () => removeEventListener("keydown", heard, { capture: true });
  }, [box]);
}
