import { type FormEvent, type KeyboardEvent, type ReactNode, Suspense, useId, useLayoutEffect, useRef, useState } from "react";
import { beside } from "@/lib/keep-focus";
import { Button } from "./Button";
import { FormError } from "./Field";
import type { DialogFrameProps } from "./float/DialogFrame";
import { DialogFrame } from "./floats";
import { KeptAtTheEnd, lackOf } from "./form-texts";
import { Meanwhile } from "./Meanwhile";
import { Belongs } from "./Page";

type Frame = {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: ReactNode;
  /** One sentence below the title. */
  description?: ReactNode;
  children: ReactNode;
};

/** Where the focus was before a dialog whose place another one took. */
let handedOn: HTMLElement | SVGElement | null = null;

/** Focus returns to where it was, also where the dialog was opened by state and not by a trigger of its own. Where it was is noted while
 * rendering: a control within that takes the focus at once (autoFocus) would have it already when the first effect runs. */
export function useReturningFocus(open: boolean) {
  const before = useRef<HTMLElement | SVGElement | null>(null);
  const at = useRef("");
  const wasOpen = useRef(false);
  if (open && !wasOpen.current) at.current = window.location.pathname;
  if (open && !wasOpen.current) before.current = document.activeElement instanceof HTMLElement || document.activeElement instanceof SVGElement ? document.activeElement : null;
  wasOpen.current = open;
  return {
    onCloseAutoFocus: (event: Event) => {
      event.preventDefault();
      // The dialog that took this one's place has the focus already, and gives it back in its turn.
      if (document.activeElement?.closest("[role=dialog][data-state=open]")) {
        handedOn = before.current;
        return;
      }
      // A link within it was followed: what stood beside its button is of the page before, and another one begins at its beginning.
      if (window.location.pathname !== at.current) {
        handedOn = null;
        if (!document.activeElement?.closest("main")) document.querySelector<HTMLElement>("main")?.focus({ preventScroll: true });
        return;
      }
      const back = [before.current, handedOn].find((one) => one?.isConnected && one !== document.body);
      handedOn = null;
      // What it was opened by went with the act: then what lies below it, for the page behind that is out of reach.
      const below = [...document.querySelectorAll<HTMLElement>("[role=dialog][data-state=open]")].at(-1);
      const near = before.current && !below ? beside(before.current) : null;
      (back ?? below ?? near ?? document.querySelector<HTMLElement>("main"))?.focus();
    },
  };
}

/** Stands in for what lies over the page while it is fetched: it says so at once, and the keys are its own already. */
export function Coming({ close }: { close: () => void }) {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => box.current?.focus(), []);
  return (
    <div ref={box} role="dialog" aria-busy aria-label="Opening" tabIndex={-1} onKeyDown={(event) => (event.key === "Escape" ? close() : undefined)} className="fixed inset-0 z-40 grid place-items-center bg-veil outline-none">
      <p role="status" className="rounded-l bg-panel px-4 py-3 text-13 text-muted shadow-float">
        Opening…
      </p>
    </div>
  );
}

/** What somebody else saved while the form was open: useFormOver. */
export type OverOthers = { news: "apart" | "beside" | null; isLooking: boolean; fault: unknown; takeTheirs: () => void; /** What happened, where that is not that somebody changed it. */ what?: string };

/** Nothing until it is first opened; then it stays, so that it closes in order. */
function Over(frame: DialogFrameProps) {
  const [wasOpen, setWasOpen] = useState(frame.open);
  if (frame.open && !wasOpen) setWasOpen(true);
  if (!wasOpen) return null;
  return (
    <Suspense fallback={frame.open ? <Coming close={() => frame.onOpenChange(false)} /> : null}>
      {/* What is not there within it is of the page behind it, and no reason to leave that. */}
      <Belongs value={undefined}>
        <DialogFrame {...frame} />
      </Belongs>
    </Suspense>
  );
}

/** Something that has to be answered before going on. `wide` for what needs two columns. `onHeld`: only a button within closes it; called where
 * Escape or a click beside it would have. `onBeside`: whether a click beside it leaves it open. */
export function Dialog({ wide, ...frame }: Frame & { footer?: ReactNode; wide?: boolean; onHeld?: () => void; onBeside?: () => boolean }) {
  return <Over kind={wide ? "wide dialog" : "dialog"} {...frame} {...useReturningFocus(frame.open)} />;
}

/** Of a dialog or drawer in which something was written: its cross and Escape throw that away at the second press alone, a click beside it never.
 * `frame` is for it, `writes` for what hears of each change within; `isAsked`: LossAsked stands there. */
export function useLossAsked(open: boolean, isWritten: () => boolean, onOpenChange: (open: boolean) => void) {
  const [isAsked, setAsked] = useState(false);
  if (isAsked && !open) setAsked(false);
  const ask = () => {
    const isLoss = isWritten();
    if (isLoss) setAsked(true);
    return isLoss;
  };
  const close = (next: boolean) => (!next && !isAsked && ask() ? undefined : onOpenChange(next));
  return { isAsked, writes: () => setAsked(false), frame: { onOpenChange: close, onBeside: ask } };
}

export function LossAsked({ cancel = "Cancel" }: { cancel?: string }) {
  return (
    <p role="status" className="text-13 text-muted">
      What you wrote here is not saved. Close once more, or press {cancel}, to throw it away.
    </p>
  );
}

/** `missing` of a form in which nothing was changed. */
export const UNCHANGED = "Nothing is changed yet.";

/** A dialog that is a form: Enter sends, ⌘Enter too, the error of the API stands above the buttons, and both stay in sight however long the form. While it is `busy` nothing closes it: what
 * was sent is done all the same, and its answer (a secret that is shown once, a word of what went live) would come to nobody. `waiting`: it is
 * not sent yet, for want of a connection; closing is then up to the caller, who takes it back. Where the session ends by itself, what was written
 * can be copied after signing in again, without passwords and what lies in `data-secret`. What was written goes by `cancel`
 * or by closing it twice: see useLossAsked. What lies in `data-own-keys` takes ⌘Enter for itself. `over`: others may save the same. `off`: why
 * whoever looks may not send it; it is to be read then, and there is nothing to press but closing it. */
export function FormDialog({
  submit,
  cancel = "Cancel",
  onSubmit,
  busy: isSent,
  waiting,
  error,
  over,
  danger,
  disabled,
  missing: told,
  keeps,
  off,
  children,
  ...frame
}: Frame & { off?: string; /** What was written is there again when it opens again: nothing is asked. */ keeps?: boolean; submit: string; /** Words for leaving it as it is. */ cancel?: string; onSubmit: () => void; busy?: boolean; waiting?: boolean; error?: unknown; over?: OverOthers; danger?: boolean; disabled?: boolean; /** What keeps it from being sent, in a sentence beside the buttons; the button, off, is reached all the same and says it. Left out, and `disabled`: what its fields say of themselves (lackOf). */ missing?: ReactNode; wide?: boolean }) {
  const [isAsked, setAsked] = useState(false);
  const missingId = useId();
  const [form, setForm] = useState<HTMLFormElement | null>(null);
  const [lack, setLack] = useState("");
  // Each time that it is drawn: what its fields say is on screen by then.
  // oxlint-disable-next-line react-hooks/exhaustive-deps
  useLayoutEffect(() => setLack(form && disabled && !told ? lackOf(form) : ""));
  const missing = told || lack;
  const isWritten = useRef(() => false);
  const busy = isSent || over?.isLooking;
  const isHeld = Boolean(busy && !waiting);
  if (isAsked && !isHeld) setAsked(false);
  const openOrClose = (open: boolean) => {
    if (isHeld && !open) setAsked(true);
    else frame.onOpenChange(open);
  };
  const loss = useLossAsked(frame.open, () => !keeps && !isHeld && isWritten.current(), openOrClose);
  const hold = () => {
    if (isHeld) setAsked(true);
    return isHeld;
  };
  const send = (event: FormEvent) => {
    event.preventDefault();
    if (!busy && !disabled && !off) onSubmit();
  };
  // On its way down and no further: an editor within would send it once more.
  const sendByKey = (event: KeyboardEvent<HTMLFormElement>) => {
    if (event.key !== "Enter" || !(event.metaKey || event.ctrlKey) || (event.target as Element).closest("[data-own-keys]")) return;
    event.stopPropagation();
    event.preventDefault();
    // As the button does: what is required and empty, or of the wrong kind, is said by the browser first.
    event.currentTarget.requestSubmit();
  };
  return (
    <Dialog {...frame} {...loss.frame} description={off ?? frame.description}>
      <form ref={setForm} onSubmit={send} onKeyDownCapture={sendByKey} onInput={loss.writes} className="flex flex-col gap-4">
        <KeptAtTheEnd hold={hold} written={isWritten} />
        {children}
        <div className="sticky bottom-0 z-10 -mx-5 short:static -mb-5 flex flex-col gap-2 rounded-b-l border-t border-line bg-panel px-5 py-3">
          {over ? <Meanwhile show={over.news !== null} isBeside={over.news === "beside"} what={over.what} onTake={over.takeTheirs} /> : null}
          <FormError error={over?.fault ?? error} />
          {missing && !off ? (
            <p id={missingId} className="text-right text-12 text-muted">
              {missing}
            </p>
          ) : null}
          {loss.isAsked && !isHeld ? <LossAsked cancel={cancel} /> : null}
          {isAsked ? (
            <p role="status" className="text-13 text-muted">
              {isSent ? "It is sent already. This closes as soon as the answer is there." : "It is being sent. First this looks whether somebody else has saved."}
            </p>
          ) : null}
          <div className="flex flex-wrap justify-end gap-2">
            <Button onClick={() => openOrClose(false)}>{off ? "Close" : cancel}</Button>
            {off ? null : (
              <Button type="submit" variant={danger ? "danger" : "primary"} busy={busy} disabled={disabled && !missing} ended={disabled && Boolean(missing)} aria-describedby={missing ? missingId : undefined}>
                {submit}
              </Button>
            )}
          </div>
        </div>
      </form>
    </Dialog>
  );
}

/** The fields of a FormDialog that is `off`: nobody types where nothing can be saved. Code editors in it need `readOnly`. */
export function Fields({ off, children }: { off: string | undefined; children: ReactNode }) {
  return off ? (
    <fieldset disabled className="contents">
      {children}
    </fieldset>
  ) : (
    children
  );
}

/** Asks before something that is hard to undo. `children` says what will happen, with its figures; `submit` names the act. */
export function ConfirmDialog({ children, ...props }: Frame & { submit: string; cancel?: string; onSubmit: () => void; busy?: boolean; error?: unknown; danger?: boolean }) {
  return (
    <FormDialog danger {...props}>
      <div className="text-14">{children}</div>
    </FormDialog>
  );
}

/** A panel from the right for the details of a row: the list stays where it is. `wide` for what needs two columns. */
export function Drawer({ wide, ...frame }: Frame & { actions?: ReactNode; wide?: boolean; onBeside?: () => boolean }) {
  return <Over kind={wide ? "wide drawer" : "drawer"} {...frame} {...useReturningFocus(frame.open)} />;
}

/** The navigation of narrow windows, from the left. */
export function SideMenu(frame: Frame) {
  return <Over kind="menu" {...frame} {...useReturningFocus(frame.open)} />;
}
