import { Check, Ellipsis } from "lucide-react";
import { type KeyboardEvent, type MouseEvent, type ReactElement, type ReactNode, cloneElement, useId, useLayoutEffect, useRef, useState } from "react";
import { classes } from "@/lib/classes";
import { IconButton } from "./Button";
import { Floating, useClosing } from "./Floating";

export type MenuItem =
  | { label: ReactNode; onSelect: () => void; icon?: ReactNode; danger?: boolean; disabled?: boolean; checked?: boolean; hint?: ReactNode; key?: string }
  | { heading: string }
  | "-";

type Opened = "first" | "last" | "itself" | null;

/** A list of acts. Without `trigger` (a button) it opens by one of three dots that is called `label`. */
export function Menu({ label, items, trigger, align = "end", side = "bottom" }: { label: string; items: readonly MenuItem[]; trigger?: ReactElement; align?: "start" | "end"; side?: "top" | "bottom" }) {
  const id = useId();
  const anchor = useRef<HTMLElement>(null);
  const list = useRef<HTMLDivElement>(null);
  // What has the focus when it opens: by a key an item, by the pointer the list itself.
  const [opened, setOpened] = useState<Opened>(null);
  const close = () => {
    setOpened(null);
    anchor.current?.focus();
  };
  useClosing(opened !== null, [anchor, list], (by) => (by === "escape" ? close() : setOpened(null)));
  useLayoutEffect(() => {
    if (opened === null) return;
    const all = itemsOf(list.current);
    (opened === "first" ? all[0] : opened === "last" ? all.at(-1) : list.current)?.focus();
  }, [opened]);
  const button = (trigger ?? <IconButton label={label} size="s" icon={<Ellipsis size={16} aria-hidden />} />) as ReactElement<Record<string, unknown>>;
  return (
    <>
      {cloneElement(button, {
        ref: anchor,
        "aria-haspopup": "menu",
        "aria-expanded": opened !== null,
        "aria-controls": opened === null ? undefined : id,
        onClick: (event: MouseEvent) => setOpened((was) => (was === null ? (event.detail === 0 ? "first" : "itself") : null)),
        onKeyDown: (event: KeyboardEvent) => {
          if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
          event.preventDefault();
          setOpened(event.key === "ArrowDown" ? "first" : "last");
        },
      })}
      {opened === null ? null : (
        <Floating
          ref={list}
          id={id}
          role="menu"
          data-floating
          aria-label={label}
          aria-orientation="vertical"
          tabIndex={-1}
          anchor={anchor}
          align={align}
          side={side}
          // A press in it is none on the row or the form around it.
          onClick={(event) => event.stopPropagation()}
          onKeyDown={(event) => goByKey(event, close)}
          className="appear w-max max-w-80 min-w-44 overflow-y-auto rounded-l bg-panel p-1 text-fg shadow-float outline-none"
        >
          {items.map((item, index) => (
            <Entry key={keyOf(item, index)} item={item} close={close} />
          ))}
        </Floating>
      )}
    </>
  );
}

function keyOf(item: MenuItem, index: number): string | number {
  if (item === "-") return `line-${index}`;
  if ("heading" in item) return item.heading;
  return item.key ?? (typeof item.label === "string" ? item.label : index);
}

function Entry({ item, close }: { item: MenuItem; close: () => void }) {
  if (item === "-") return <hr className="my-1 border-line" />;
  if ("heading" in item) return <div className="px-2 pt-1.5 pb-1 text-12 text-muted">{item.heading}</div>;
  const act = () => {
    if (item.disabled) return;
    // First the focus goes back, so that a dialog that opens now returns it there.
    close();
    item.onSelect();
  };
  return (
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-static-element-interactions -- the keys of the whole list are goByKey's
    <div
      role={item.checked === undefined ? "menuitem" : "menuitemradio"}
      aria-checked={item.checked}
      tabIndex={-1}
      aria-disabled={item.disabled || undefined}
      onClick={act}
      onPointerMove={(event) => (item.disabled ? undefined : event.currentTarget.focus({ preventScroll: true }))}
      className={classes(
        "flex min-h-8 cursor-pointer finger:min-h-10 items-center gap-2 rounded-m px-2 py-1 text-13 outline-none focus:bg-sunken aria-disabled:cursor-not-allowed aria-disabled:opacity-50",
        item.danger && "text-bad",
      )}
    >
      {item.icon ? <span className={item.danger ? "" : "text-muted"}>{item.icon}</span> : null}
      <span className="min-w-0 flex-1">
        <span className="block truncate">{item.label}</span>
        {item.hint ? <span className="block text-12 text-muted">{item.hint}</span> : null}
      </span>
      {item.checked ? <Check size={14} aria-hidden className="text-accent" /> : null}
    </div>
  );
}

function itemsOf(list: HTMLElement | null): HTMLElement[] {
  return [...(list?.querySelectorAll<HTMLElement>("[role^=menuitem]:not([aria-disabled])") ?? [])];
}

function goByKey(event: KeyboardEvent<HTMLElement>, close: () => void) {
  event.stopPropagation();
  const all = itemsOf(event.currentTarget);
  const here = all.indexOf(document.activeElement as HTMLElement);
  const go = (to: HTMLElement | undefined) => {
    event.preventDefault();
    to?.focus();
  };
  switch (event.key) {
    case "ArrowDown":
      return go(all[Math.min(here + 1, all.length - 1)]);
    case "ArrowUp":
      return go(all[here < 0 ? all.length - 1 : Math.max(here - 1, 0)]);
    case "Home":
      return go(all[0]);
    case "End":
      return go(all.at(-1));
    case "Enter":
    case " ":
      event.preventDefault();
      return all[here]?.click();
    case "Tab":
      // On from where it was opened.
      return close();
    default:
      if (event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) {
        const found = [...all.slice(here + 1), ...all.slice(0, here + 1)].find((one) => one.textContent?.trim().toLowerCase().startsWith(event.key.toLowerCase()));
        if (found) go(found);
      }
  }
}
