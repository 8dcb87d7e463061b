import { Check, Copy } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { classes } from "@/lib/classes";
import { IconButton } from "./Button";
import { toastError } from "./Toast";

/** Copies `text`, also where the browser gives no clipboard (plain http). False: it let nobody copy, and somebody has to be told. */
export async function copyText(text: string): Promise<boolean> {
  const before = document.activeElement;
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text, before);
  }
}

/** The way before there was a clipboard: what is selected is copied. The focus, and what was selected, are as before afterwards. */
function copyBySelection(text: string, before: Element | null): boolean {
  const chosen = document.getSelection();
  const ranges = Array.from({ length: chosen?.rangeCount ?? 0 }, (_, at) => chosen?.getRangeAt(at).cloneRange());
  const area = document.createElement("textarea");
  area.value = text;
  area.readOnly = true; // No keyboard comes up on a phone.
  area.tabIndex = -1;
  area.className = "fixed top-0 left-0 opacity-0";
  // A dialog takes the focus back from whatever lies outside of it.
  (before?.closest("[role=dialog]") ?? [...document.querySelectorAll("[role=dialog]")].at(-1) ?? document.body).append(area);
  try {
    area.focus({ preventScroll: true });
    area.select();
    return document.execCommand("copy");
  } catch {
    return false;
  } finally {
    area.remove();
    chosen?.removeAllRanges();
    for (const range of ranges) if (range) chosen?.addRange(range);
    if (before instanceof HTMLElement && before !== document.body) before.focus({ preventScroll: true });
  }
}

const SHOWN_MS = 1_500;
const REFUSED = "Your browser lets this page copy nothing. Select the text and copy it by the keyboard.";

export function CopyButton({ text, label = "Copy", className, autoFocus, onCopied }: { text: string; label?: string; className?: string; autoFocus?: boolean; onCopied?: () => void }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <>
      <IconButton
        size="s"
        label={copied ? "Copied" : label}
        icon={copied ? <Check size={14} aria-hidden className="text-ok" /> : <Copy size={14} aria-hidden />}
        // oxlint-disable-next-line jsx-a11y/no-autofocus -- in a dialog that is about copying
        autoFocus={autoFocus}
        onClick={() =>
          void copyText(text).then((done) => {
            setCopied(done);
            if (done) onCopied?.();
            else toastError(new Error(REFUSED));
          })
        }
        className={className}
      />
      <span role="status" className="sr-only">
        {copied ? "Copied" : ""}
      </span>
    </>
  );
}

/** Code to take away, as it is. */
export function CodeBlock({ code, label, wrap, className }: { code: string; label?: ReactNode; wrap?: boolean; className?: string }) {
  return (
    <figure className={classes("min-w-0 overflow-hidden rounded-m border border-line bg-sunken", className)}>
      <figcaption className="flex h-8 items-center justify-between border-b border-line pr-1 pl-3 text-12 text-muted">
        <span>{label}</span>
        <CopyButton text={code} />
      </figcaption>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard */}
      <pre tabIndex={0} className={classes("max-h-96 overflow-auto px-3 py-2.5 text-12 leading-5", wrap && "whitespace-pre-wrap wrap-anywhere")}>
        <code>{code}</code>
      </pre>
    </figure>
  );
}

/** A secret that is shown this once. In a dialog of its own: `SecretDialog`. */
export function SecretOnce({ secret, what, onCopied, children }: { secret: string; what: string; onCopied?: () => void; children?: ReactNode }) {
  return (
    <div className="flex flex-col gap-3">
      <p className="text-14">
        Copy {what} now: <strong className="font-semibold">it is shown this once</strong> and cannot be read again.
      </p>
      <div className="flex items-center gap-1 rounded-m border border-line-strong bg-sunken py-1 pr-1 pl-3">
        <code className="min-w-0 flex-1 text-13 break-all" onCopy={onCopied}>{secret}</code>
        <CopyButton text={secret} label={`Copy ${what}`} autoFocus={onCopied !== undefined} onCopied={onCopied} />
      </div>
      {children}
    </div>
  );
}
