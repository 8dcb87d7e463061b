import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import { type FormEvent, type KeyboardEvent, type ReactNode, useRef, useState } from "react";
import { classes } from "@/lib/classes";
import { Button } from "./Button";
import { FormError } from "./Field";

type Frame = {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: ReactNode;
  /** One sentence below the title. */
  description?: ReactNode;
  children: ReactNode;
};

/** Where the focus was before a dialog whose place another one took. */
let handedOn: HTMLElement | null = null;

/** Focus returns to where it was, also where the dialog was opened by state and not by a trigger of its own. Where it was is noted while
 * rendering: a control within that takes the focus at once (autoFocus) would have it already when the first effect runs. */
export function useReturningFocus(open: boolean) {
  const before = useRef<HTMLElement | null>(null);
  const wasOpen = useRef(false);
  if (open && !wasOpen.current) before.current = document.activeElement instanceof HTMLElement ? document.activeElement : null;
  wasOpen.current = open;
  return {
    onCloseAutoFocus: (event: Event) => {
      event.preventDefault();
      // The dialog that took this one's place has the focus already, and gives it back in its turn.
      if (document.activeElement?.closest("[role=dialog][data-state=open]")) {
        handedOn = before.current;
        return;
      }
      const back = [before.current, handedOn].find((one) => one?.isConnected && one !== document.body);
      handedOn = null;
      (back ?? document.querySelector<HTMLElement>("main"))?.focus();
    },
  };
}

function Head({ title, description, answered }: { title: ReactNode; description?: ReactNode; answered?: boolean }) {
  return (
    <div className="flex items-start justify-between gap-4 px-5 pt-4 pb-3">
      <div className="min-w-0">
        <Radix.Title className="text-16 font-semibold wrap-break-word">{title}</Radix.Title>
        {description ? <Radix.Description className="mt-0.5 text-13 text-muted">{description}</Radix.Description> : null}
      </div>
      {/* No tooltip: it has the focus first, and Escape would close the tooltip instead of the dialog. */}
      {answered ? null : <Radix.Close aria-label="Close" className="-mr-2 grid size-8 shrink-0 place-items-center rounded-m text-muted hover:bg-sunken hover:text-fg">
        <X size={16} aria-hidden />
      </Radix.Close>}
    </div>
  );
}

/** Something that has to be answered before going on. `wide` for what needs two columns. `onHeld`: only a button within closes it; called where
 * Escape or a click beside it would have. */
export function Dialog({ open, onOpenChange, title, description, children, footer, wide, onHeld }: Frame & { footer?: ReactNode; wide?: boolean; onHeld?: () => void }) {
  const focus = useReturningFocus(open);
  const hold = (event: Event) => {
    if (!onHeld) return;
    event.preventDefault();
    onHeld();
  };
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-veil" />
        <Radix.Content
          {...focus}
          onEscapeKeyDown={hold}
          onPointerDownOutside={hold}
          {...(description ? {} : { "aria-describedby": undefined })}
          className={classes("appear fixed top-[8dvh] left-1/2 z-50 flex max-h-[84dvh] w-[calc(100vw-32px)] -translate-x-1/2 flex-col rounded-l bg-panel shadow-float", wide ? "max-w-4xl" : "max-w-lg")}
        >
          <Head title={title} description={description} answered={Boolean(onHeld)} />
          <div className="min-h-0 overflow-y-auto px-5 pt-1 pb-5">{children}</div>
          {footer ? <div className="flex flex-wrap justify-end gap-2 border-t border-line px-5 py-3">{footer}</div> : null}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** A dialog that is a form: Enter sends, ⌘Enter too, the error of the API stands above the buttons. While it is `busy` nothing closes it: what
 * was sent is done all the same, and its answer (a secret that is shown once, a word of what went live) would come to nobody. `waiting`: it is
 * not sent yet, for want of a connection; closing is then up to the caller, who takes it back. */
export function FormDialog({
  submit,
  onSubmit,
  busy,
  waiting,
  error,
  fields,
  danger,
  disabled,
  children,
  ...frame
}: Frame & { submit: string; onSubmit: () => void; busy?: boolean; waiting?: boolean; error?: unknown; fields?: readonly string[]; danger?: boolean; disabled?: boolean; wide?: boolean }) {
  const [isAsked, setAsked] = useState(false);
  const isHeld = Boolean(busy && !waiting);
  if (isAsked && !isHeld) setAsked(false);
  const openOrClose = (open: boolean) => {
    if (isHeld && !open) setAsked(true);
    else frame.onOpenChange(open);
  };
  const send = (event: FormEvent) => {
    event.preventDefault();
    if (!busy && !disabled) onSubmit();
  };
  // On its way down and no further: an editor within would send it once more.
  const sendByKey = (event: KeyboardEvent<HTMLFormElement>) => {
    if (event.key !== "Enter" || !(event.metaKey || event.ctrlKey)) return;
    event.stopPropagation();
    event.preventDefault();
    // As the button does: what is required and empty, or of the wrong kind, is said by the browser first.
    event.currentTarget.requestSubmit();
  };
  return (
    <Dialog {...frame} onOpenChange={openOrClose}>
      <form onSubmit={send} onKeyDownCapture={sendByKey} className="flex flex-col gap-4">
        {children}
        <FormError error={error} fields={fields} />
        {isAsked ? (
          <p role="status" className="text-13 text-muted">
            It is sent already. This closes as soon as the answer is there.
          </p>
        ) : null}
        <div className="flex flex-wrap justify-end gap-2 pt-1">
          <Button onClick={() => openOrClose(false)}>Cancel</Button>
          <Button type="submit" variant={danger ? "danger" : "primary"} busy={busy} disabled={disabled}>
            {submit}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** Asks before something that is hard to undo. `children` says what will happen, with its figures; `submit` names the act. */
export function ConfirmDialog({ children, ...props }: Frame & { submit: string; onSubmit: () => void; busy?: boolean; error?: unknown; danger?: boolean }) {
  return (
    <FormDialog danger {...props}>
      <div className="text-14">{children}</div>
    </FormDialog>
  );
}

/** A panel from the right for the details of a row: the list stays where it is. */
export function Drawer({ open, onOpenChange, title, description, children, actions }: Frame & { actions?: ReactNode }) {
  const focus = useReturningFocus(open);
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-veil" />
        <Radix.Content {...focus} {...(description ? {} : { "aria-describedby": undefined })} className="slide-in fixed inset-y-0 right-0 z-50 flex w-full max-w-2xl flex-col border-l border-line bg-panel shadow-float">
          <Head title={title} description={description} />
          {actions ? <div className="flex flex-wrap gap-2 px-5 pb-3">{actions}</div> : null}
          <div className="min-h-0 flex-1 overflow-y-auto border-t border-line px-5 py-4">{children}</div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
