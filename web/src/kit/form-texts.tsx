/** What stands in a form on screen, by its labels, without its secrets. */
import { useEffect, useRef } from "react";
import { signedOut } from "@/api/client";
import { type LeftField, leaveForm } from "@/api/unsaved-forms";

/** Of controls that are none of the browser's own, such as editors; they bear `data-stands`. */
const stands = new WeakMap<Element, LeftField>();

/** Says what stands in a control that is none of the browser's own: `<div {...standsIn(label, text)}>`. */
export function standsIn(label: string, text: string) {
  return { "data-stands": "", ref: (element: Element | null) => void (element && stands.set(element, { label, text })) };
}

const NOT_WRITTEN = new Set(["password", "hidden", "file", "submit", "button", "reset", "checkbox", "radio", "range", "color", "image"]);

/** Every label with what stands there, in their order. Fields for passwords, and those with `data-secret`, are left out. */
export function textsOf(form: HTMLElement): LeftField[] {
  const controls = form.querySelectorAll<HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement>("input, textarea, select, [data-stands]");
  return [...controls].map(fieldOf).filter((field): field is LeftField => field !== null && field.text.trim() !== "");
}

function fieldOf(control: HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement): LeftField | null {
  const told = stands.get(control);
  if (told) return told;
  if (control.parentElement?.closest("[data-stands]") || control.closest("[data-secret]")) return null;
  if (control.disabled || NOT_WRITTEN.has(control.type) || ("readOnly" in control && control.readOnly)) return null;
  const text = control instanceof HTMLSelectElement ? (control.value === "" ? "" : (control.selectedOptions[0]?.textContent ?? "")) : control.value;
  return { label: labelOf(control), text };
}

function labelOf(control: HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement): string {
  const words = control.getAttribute("aria-label") ?? control.labels?.[0]?.textContent ?? "";
  return words.replace(/ \(required\)$/, "").trim() || "Text";
}

const WRITING = ["input", "change", "paste", "cut", "drop", "keydown"];
const isWriting = (event: Event) => !(event instanceof KeyboardEvent) || event.key.length === 1 || event.key === "Backspace" || event.key === "Delete";

let forms = 0;

/** Stands within a form, and keeps what was written in it for whoever signs in again after the session ended by itself. */
export function KeptAtTheEnd() {
  const place = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    const form = place.current?.closest("form");
    if (!form) return undefined;
    const id = `form ${++forms}`;
    let isWritten = false;
    const heard = (event: Event) => {
      isWritten ||= isWriting(event);
    };
    const ended = () => {
      const fields = isWritten ? textsOf(form) : [];
      if (fields.length > 0) leaveForm({ id, title: form.closest("[role=dialog]")?.querySelector("h2")?.textContent ?? "", fields });
    };
    for (const kind of WRITING) form.addEventListener(kind, heard, { capture: true });
    signedOut.add(ended);
    return () => {
      signedOut.delete(ended);
      for (const kind of WRITING) form.removeEventListener(kind, heard, { capture: true });
    };
  }, []);
  return <span ref={place} hidden />;
}
