/** What stands in a form on screen, by its labels, without its secrets. */
import { type RefObject, useEffect, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { signedOut, standing } from "@/api/client";
import { formOpens } from "@/api/open-forms";
import { onLettingGo } from "@/api/unsaved";
import { type LeftField, type LeftForm, forgetForm, leaveForm, leaveFormIn, placeForForm, roleChanges, useOwnForms } from "@/api/unsaved-forms";
import { Button } from "./Button";

type Standing = { label: string; text: string; value: string; put?: (value: string) => void };
type Control = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;
type Found = LeftField & { put: (value: string) => void };

/** Of controls that are none of the browser's own, such as editors; they bear `data-stands`. */
const stands = new WeakMap<Element, Standing>();

/** Says what stands in a control that is none of the browser's own: `<div {...standsIn(label, text)}>`. `own`: its value where that is not the
 * text, and how to put one there. */
export function standsIn(label: string, text: string, own: { value?: string | null; put?: (value: string) => void } = {}) {
  const standing = { label, text, value: own.value ?? text, put: own.put };
  return { "data-stands": "", ref: (element: Element | null) => void (element && stands.set(element, standing)) };
}

const NOT_WRITTEN = new Set(["password", "hidden", "file", "submit", "button", "reset", "range", "color", "image"]);

/** Every control with what stands there, in their order, each with a key that the same form has again. Fields for passwords, and those with
 * `data-secret`, are left out. */
function found(form: HTMLElement): Found[] {
  const times = new Map<string, number>();
  const controls = form.querySelectorAll<Control | HTMLButtonElement>("input, textarea, select, [role=switch], [data-stands]");
  return [...controls].flatMap((control) => {
    const field = fieldOf(control);
    if (!field) return [];
    const name = control instanceof HTMLInputElement && control.type === "radio" ? `${field.label} ${control.value}` : field.label;
    const before = times.get(name) ?? 0;
    times.set(name, before + 1);
    return [{ ...field, key: `${name} ${before}` }];
  });
}

/** What is kept of it: everything but the choices that were not made. */
export function fieldsOf(form: HTMLElement): LeftField[] {
  return found(form).flatMap(({ key, label, text, value }) => (value === null ? [] : [{ key, label, text, value }]));
}

function fieldOf(control: Control | HTMLButtonElement): Omit<Found, "key"> | null {
  const told = stands.get(control);
  if (told) return { ...told, put: told.put ?? (() => undefined) };
  if (control.parentElement?.closest("[data-stands]") || control.closest("[data-secret]") || control.disabled) return null;
  if (control instanceof HTMLButtonElement) {
    const isOn = control.getAttribute("aria-checked") === "true";
    return { ...turned(isOn), label: labelOf(control), put: (value) => (value === turned(isOn).value ? undefined : control.click()) };
  }
  if (NOT_WRITTEN.has(control.type) || ("readOnly" in control && control.readOnly)) return null;
  if (control instanceof HTMLInputElement && control.type === "checkbox") return { ...turned(control.checked), label: labelOf(control), put: (value) => (value === turned(control.checked).value ? undefined : control.click()) };
  if (control instanceof HTMLInputElement && control.type === "radio") return { label: control.closest("fieldset")?.querySelector("legend")?.textContent ?? "", text: labelOf(control), value: control.checked ? control.value : null, put: () => control.click() };
  const text = control instanceof HTMLSelectElement ? (control.value === "" ? "" : (control.selectedOptions[0]?.textContent ?? "")) : control.value;
  return { label: labelOf(control), text, value: control.value, put: (value) => write(control, value) };
}

const EMPTY = "input[required], textarea[required], select[required], [data-needed]";
const namesOf = (controls: readonly Element[]) => [...new Set(controls.map((one) => stands.get(one)?.label ?? labelOf(one as Control)))].join(", ");

/** What keeps a form from being sent, by the labels of its fields: those that are not right, else those that are needed and empty. "": they do not tell. */
export function lackOf(form: HTMLElement): string {
  const all = (which: string) => [...form.querySelectorAll(which)].filter((one) => !one.matches(":disabled"));
  const wrong = all("[aria-invalid=true]");
  if (wrong.length > 0) return `Not right yet: ${namesOf(wrong)}.`;
  const empty = all(EMPTY).filter((one) => (stands.get(one)?.value ?? (one as Control).value).trim() === "");
  return empty.length > 0 ? `Still to fill in: ${namesOf(empty)}.` : "";
}

const turned = (isOn: boolean) => ({ text: isOn ? "yes" : "", value: isOn ? "on" : "off" });

function labelOf(control: Control | HTMLButtonElement): string {
  const words = control.getAttribute("aria-label") ?? control.labels?.[0]?.textContent ?? control.textContent ?? "";
  return words.replace(/ \(required\)$/, "").trim() || "Text";
}

/** As if somebody wrote it: React keeps the value that it set itself, and hears only of another. */
function write(control: Control, value: string) {
  Object.getOwnPropertyDescriptor(Object.getPrototypeOf(control), "value")?.set?.call(control, value);
  control.dispatchEvent(new Event(control instanceof HTMLSelectElement ? "change" : "input", { bubbles: true }));
}

/** Puts back what has a place, one after the other: a choice may bring the fields that come after it. Returns what has none. */
function putBack(form: HTMLElement, fields: readonly LeftField[]): LeftField[] {
  const at = (key: string) => found(form).find((one) => one.key === key);
  return fields.filter((field) => {
    const place = at(field.key);
    if (place && field.value !== null && place.value !== field.value) flushSync(() => place.put(field.value ?? ""));
    return at(field.key)?.value !== field.value;
  });
}

const WRITING = ["input", "change", "paste", "cut", "drop", "keydown", "click"];

function isWriting(event: Event): boolean {
  // A switch is a button, which tells of no change.
  if (event.type === "click") return event.target instanceof Element && event.target.closest("[role=switch]") !== null;
  return !(event instanceof KeyboardEvent) || event.key.length === 1 || event.key === "Backspace" || event.key === "Delete";
}

let forms = 0;

/** After another role a form that it does not offer has gone by then, with its motion. */
const GONE_MS = 500;

/** Stands within a form, and keeps what was written in it for whoever signs in again after the session ended by itself; where the same form is
 * open again, it can be put back there; so also where the browser let go of the page, or it was loaded anew. A form that stands in no dialog stays when it is saved: it gives its `title`, and whether it `isChanged`;
 * of it only what was changed is kept, since what others save meanwhile is not to be undone by putting it back. One in a dialog is also asked for
 * before going back or forward takes it away; `hold`: see OpenForm; `written`: tells it whether something is. */
export function KeptAtTheEnd({
  title: given,
  isChanged,
  hold,
  written,
}: { title: string; isChanged: boolean; hold?: undefined; written?: undefined } | { title?: undefined; isChanged?: undefined; hold?: () => boolean; written?: RefObject<() => boolean> }) {
  const holds = useRef(hold);
  holds.current = hold;
  const mark = useRef<HTMLDivElement>(null);
  const unchanged = useRef<ReadonlyMap<string, string | null>>(new Map());
  useEffect(() => {
    const form = isChanged === false ? mark.current?.closest("form") : null;
    if (form) unchanged.current = new Map(fieldsOf(form).map(({ key, value }) => [key, value]));
  });
  const [title, setTitle] = useState(given);
  const left = useOwnForms().find((one) => one.title === (given ?? title));
  useEffect(() => {
    const form = mark.current?.closest("form");
    if (!form) return undefined;
    const id = `form ${++forms}`;
    let isWritten = false;
    const heard = (event: Event) => {
      isWritten ||= isWriting(event);
    };
    const titleNow = () => given ?? form.closest("[role=dialog]")?.querySelector("h2")?.textContent ?? "";
    const now = () => (isWritten ? fieldsOf(form).filter(({ key, value }) => unchanged.current.get(key) !== value) : []);
    const ended = () => {
      const fields = now();
      if (fields.some(({ text }) => text.trim() !== "")) leaveForm({ id, title: titleNow(), fields });
    };
    const another = () => {
      const fields = now();
      const kept = { id, title: titleNow(), fields, isOfRole: true };
      const { workspaceId } = standing;
      if (fields.some(({ text }) => text.trim() !== "")) setTimeout(() => (form.isConnected ? undefined : leaveFormIn(kept, workspaceId)), GONE_MS);
    };
    const place = placeForForm();
    const stop = onLettingGo(() => place.keep(titleNow(), now()));
    const isWrittenNow = () => isWritten && fieldsOf(form).some(({ text }) => text.trim() !== "");
    const closed = form.closest("[role=dialog]") ? formOpens({ title: titleNow, isWritten: isWrittenNow, hold: () => holds.current?.() ?? false }) : undefined;
    if (written) written.current = isWrittenNow;
    setTitle(titleNow());
    for (const kind of WRITING) form.addEventListener(kind, heard, { capture: true });
    signedOut.add(ended);
    roleChanges.add(another);
    return () => {
      closed?.();
      stop();
      place.forget();
      signedOut.delete(ended);
      roleChanges.delete(another);
      for (const kind of WRITING) form.removeEventListener(kind, heard, { capture: true });
    };
  }, [given, written]);
  return (
    <div ref={mark} hidden={!left}>
      {left ? <Again left={left} form={() => mark.current?.closest("form") ?? null} /> : null}
    </div>
  );
}

function Again({ left, form }: { left: LeftForm; form: () => HTMLFormElement | null }) {
  const back = () => {
    const at = form();
    const rest = at ? putBack(at, left.fields) : left.fields;
    // What is none of the browser's own says nothing when it is put back, and is lost no more than what is written.
    at?.dispatchEvent(new Event("change"));
    if (rest.some(({ text }) => text.trim() !== "")) leaveForm({ ...left, fields: rest, isRest: true });
    else forgetForm(left.id);
  };
  const rest = left.fields.filter(({ text }) => text.trim() !== "").map(({ label }) => label);
  return (
    <div role="status" className="flex flex-wrap items-center justify-between gap-2 rounded-m bg-warn-soft px-3 py-2 text-13">
      <span className="min-w-0 wrap-break-word">{left.isRest ? `There is no place yet for: ${rest.join(", ")}. It can also be copied once this is closed.` : `What you wrote here before ${left.keptAt ? "the page was loaded anew" : left.isOfRole ? "your role changed" : "your session ended"} can be put back, without passwords and keys.`}</span>
      <span className="flex flex-wrap gap-2">
        <Button size="s" onClick={back}>
          {left.isRest ? "Put the rest back" : "Put it back"}
        </Button>
        <Button size="s" onClick={() => forgetForm(left.id)}>
          Throw it away
        </Button>
      </span>
    </div>
  );
}
