/** What holds the focus, the page behind and the Escape key for a dialog, a drawer and the menu of narrow windows. Use it through `../Dialog`. */
import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { useAboveKeyboard } from "@/lib/above-keyboard";
import { classes } from "@/lib/classes";

export type DialogFrameProps = {
  kind: "dialog" | "wide dialog" | "drawer" | "wide drawer" | "menu";
  open: boolean;
  onOpenChange: (open: boolean) => void;
  onCloseAutoFocus: (event: Event) => void;
  title: ReactNode;
  description?: ReactNode;
  children: ReactNode;
  /** Below the content of a dialog, above that of a drawer. */
  footer?: ReactNode;
  actions?: ReactNode;
  onHeld?: () => void;
  onBeside?: () => boolean;
};

const places: Record<DialogFrameProps["kind"], string> = {
  dialog: "appear top-[8dvh] left-1/2 flex max-h-[84dvh] short:top-[4dvh] short:max-h-[92dvh] short:overflow-y-auto w-[calc(100vw-32px)] max-w-lg -translate-x-1/2 flex-col rounded-l bg-panel",
  "wide dialog": "appear top-[8dvh] left-1/2 flex max-h-[84dvh] short:top-[4dvh] short:max-h-[92dvh] short:overflow-y-auto w-[calc(100vw-32px)] max-w-4xl -translate-x-1/2 flex-col rounded-l bg-panel",
  drawer: "slide-in inset-y-0 right-0 flex w-full max-w-2xl flex-col border-l border-line bg-panel short:overflow-y-auto",
  "wide drawer": "slide-in inset-y-0 right-0 flex w-full max-w-5xl flex-col border-l border-line bg-panel short:overflow-y-auto",
  menu: "inset-y-0 left-0 flex w-72 max-w-[85vw] flex-col border-r border-line bg-sunken short:overflow-y-auto",
};

/** The focus of a form begins where one writes or chooses, and not at what closes it. */
function toFirstField(event: Event) {
  const first = event.target instanceof HTMLElement ? event.target.querySelector<HTMLElement>(":is(input:not([type=hidden], [type=file]), select, textarea, [aria-haspopup=dialog]):not(:disabled)") : null;
  if (!first) return;
  event.preventDefault();
  first.focus({ preventScroll: true });
}

/** Also of a message that is gone with the press on its Undo, before the dialog hears of it. */
const isOfMessages = (target: EventTarget | null) => target instanceof Element && target.closest("[data-messages], [data-message]") !== null;

export default function DialogFrame({ kind, open, onOpenChange, onCloseAutoFocus, title, description, children, footer, actions, onHeld, onBeside }: DialogFrameProps) {
  const place = useAboveKeyboard(open, !kind.endsWith("dialog"));
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
          onOpenAutoFocus={(event) => (kind.endsWith("dialog") ? toFirstField(event) : undefined)}
          onCloseAutoFocus={onCloseAutoFocus}
          // What lies over the dialog closes first.
          onEscapeKeyDown={(event) => (document.querySelector("[data-floating]") ? event.preventDefault() : hold(event))}
          // A message lies beside every dialog: who presses its Undo or goes there by keys leaves the dialog as it is.
          onInteractOutside={(event) => (isOfMessages(event.target) ? event.preventDefault() : undefined)}
          onPointerDownOutside={(event) => (isOfMessages(event.target) ? undefined : onBeside?.() ? event.preventDefault() : hold(event))}
          {...(description ? {} : { "aria-describedby": undefined })}
          className={classes("fixed z-50 shadow-float", places[kind])}
          style={place}
        >
          {kind === "menu" ? <Radix.Title className="sr-only">{title}</Radix.Title> : <Head title={title} description={description} answered={Boolean(onHeld)} />}
          {kind === "menu" ? children : null}
          {kind === "drawer" || kind === "wide drawer" ? (
            <>
              {actions ? <div className="flex flex-wrap gap-2 px-5 pb-3">{actions}</div> : null}
              <div className="min-h-0 flex-1 overflow-y-auto border-t border-line px-5 py-4 short:flex-none short:overflow-visible">{children}</div>
            </>
          ) : null}
          {kind === "dialog" || kind === "wide dialog" ? (
            <>
              {/* The room around it lies within: a form's foot sticks to the very end. What has the focus is never below that foot. */}
              <div className="min-h-0 scroll-pb-24 overflow-y-auto short:shrink-0 short:overflow-visible">
                <div className="px-5 pt-1 pb-5">{children}</div>
              </div>
              {footer ? <div className="flex flex-wrap justify-end gap-2 shrink-0 border-t border-line px-5 py-3">{footer}</div> : null}
            </>
          ) : null}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

function Head({ title, description, answered }: { title: ReactNode; description?: ReactNode; answered?: boolean }) {
  return (
    <div className="flex items-start justify-between gap-4 px-5 pt-4 pb-3">
      <div className="min-w-0">
        <Radix.Title className="text-16 font-semibold wrap-break-word">{title}</Radix.Title>
        {description ? <Radix.Description className="mt-0.5 text-13 text-muted">{description}</Radix.Description> : null}
      </div>
      {/* No tooltip: it has the focus first, and a sentence over the dialog's corner would be the first thing to see. */}
      {answered ? null : (
        <Radix.Close aria-label="Close" className="-mr-2 grid size-8 shrink-0 finger:size-10 place-items-center rounded-m text-muted hover:bg-sunken hover:text-fg">
          <X size={16} aria-hidden />
        </Radix.Close>
      )}
    </div>
  );
}
