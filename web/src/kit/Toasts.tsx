import { CircleAlert, CircleCheck, X } from "lucide-react";
import { useSyncExternalStore } from "react";
import { dismiss, hold, said } from "./Toast";

/** Messages, at the window's foot. */
export default function Toasts() {
  const toasts = useSyncExternalStore(said.watch, said.shown);
  const words = useSyncExternalStore(said.watch, said.words);
  return (
    <section aria-label="Messages" aria-live="polite" className="pointer-events-none fixed inset-x-4 bottom-4 z-70 flex flex-col items-end gap-2" onMouseOver={() => hold(true)} onMouseLeave={() => hold(false)} onFocus={() => hold(true)} onBlur={() => hold(false)}>
      <p className="sr-only">{words}</p>
      {toasts.map((one) => (
        <div key={one.id} className="appear pointer-events-auto flex w-full max-w-sm items-start gap-2.5 rounded-l bg-panel py-2.5 pr-1.5 pl-3 text-13 shadow-float">
          {one.tone === "ok" ? <CircleCheck size={16} aria-hidden className="mt-0.5 shrink-0 text-ok" /> : <CircleAlert size={16} aria-label={one.tone === "bad" ? "Failed:" : "Beware:"} className={`mt-0.5 shrink-0 ${one.tone === "bad" ? "text-bad" : "text-warn"}`} />}
          <p className="min-w-0 flex-1 wrap-break-word">
            {one.text}
            {one.requestId ? <span className="block text-12 break-all text-muted">Request {one.requestId}</span> : null}
          </p>
          {one.action ? (
            <button
              type="button"
              className="rounded-s px-1.5 font-medium text-accent"
              onClick={() => {
                one.action?.run();
                dismiss(one.id);
              }}
            >
              {one.action.label}
            </button>
          ) : null}
          <button type="button" aria-label="Close this message" className="grid size-6 shrink-0 place-items-center rounded-s text-muted hover:text-fg" onClick={() => dismiss(one.id)}>
            <X size={14} aria-hidden />
          </button>
        </div>
      ))}
    </section>
  );
}
