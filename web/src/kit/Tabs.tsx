import { Link, useLocation } from "@tanstack/react-router";
import { type KeyboardEvent, type ReactNode, type RefObject, useId, useLayoutEffect, useRef, useState } from "react";
import { classes } from "@/lib/classes";
import { ALONE } from "@/lib/pages";

const strip = "-mx-4 flex gap-4 overflow-x-auto border-b border-line px-4 md:mx-0 md:px-0";
const one = "-mb-px flex shrink-0 items-center gap-1.5 border-b-2 border-transparent py-2 text-13 font-medium text-muted hover:text-fg";

const BESIDE_PX = 16;

/** Scrolls the strip, and nothing around it, until all of `tab` is in sight. */
export function bringIn(strip: HTMLElement, tab: HTMLElement) {
  const [room, own] = [strip.getBoundingClientRect(), tab.getBoundingClientRect()];
  if (own.left < room.left + BESIDE_PX) strip.scrollLeft -= room.left + BESIDE_PX - own.left;
  else if (own.right > room.right - BESIDE_PX) strip.scrollLeft += own.right - room.right + BESIDE_PX;
}

/** Where the window is too narrow for all tabs, the chosen one is in sight. */
function useChosenInSight(chosen: string): RefObject<HTMLDivElement | null> {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const tab = box.current?.querySelector<HTMLElement>("[aria-selected=true], [aria-current=page]");
    if (box.current && tab) bringIn(box.current, tab);
    // oxlint-disable-next-line react/exhaustive-effect-dependencies -- another tab was chosen
  }, [chosen]);
  return box;
}

export type Tab<T extends string = string> = { id: T; label: ReactNode; count?: ReactNode; content: ReactNode; /** Once opened it stays, out of sight: for forms. */ keeps?: boolean };

/** Tabs within a page. Keep `value` in the address: `useUrlState({ tab: oneOf([...], "…") })` with `{ push: true }`. The arrow keys choose. */
export function Tabs<T extends string>({ label, tabs, value: asked, onChange, className }: { label: string; tabs: readonly Tab<T>[]; value: T; onChange: (value: T) => void; className?: string }) {
  const id = useId();
  // An address may name one that not everybody is offered.
  const value = tabs.some((tab) => tab.id === asked) ? asked : (tabs[0]?.id ?? asked);
  const box = useChosenInSight(value);
  const [opened, setOpened] = useState<ReadonlySet<T>>(() => new Set([value]));
  if (!opened.has(value)) setOpened(new Set([...opened, value]));
  const goByKey = (event: KeyboardEvent<HTMLElement>) => {
    const here = tabs.findIndex((tab) => tab.id === value);
    const to = { ArrowRight: (here + 1) % tabs.length, ArrowLeft: (here + tabs.length - 1) % tabs.length, Home: 0, End: tabs.length - 1 }[event.key];
    const next = to === undefined ? undefined : tabs[to];
    if (!next || event.metaKey || event.ctrlKey || event.altKey) return;
    event.preventDefault();
    event.currentTarget.parentElement?.querySelector<HTMLElement>(`[data-tab="${next.id}"]`)?.focus();
    onChange(next.id);
  };
  return (
    <div className={className}>
      <div ref={box} role="tablist" aria-label={label} className={strip}>
        {tabs.map((tab) => (
          <button
            key={tab.id}
            type="button"
            role="tab"
            data-tab={tab.id}
            id={`${id}-${tab.id}`}
            aria-selected={tab.id === value}
            aria-controls={tab.id === value ? `${id}-${tab.id}-panel` : undefined}
            tabIndex={tab.id === value ? 0 : -1}
            onClick={() => onChange(tab.id)}
            onKeyDown={goByKey}
            className={classes(one, tab.id === value && "border-accent! text-fg")}
          >
            {tab.label}
            {tab.count !== undefined ? <span className="numeric text-12 text-muted">{tab.count}</span> : null}
          </button>
        ))}
      </div>
      {tabs
        .filter((tab) => tab.id === value || (tab.keeps && opened.has(tab.id)))
        .map((tab) => (
          // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- the panel of a tab is the next stop after it
          <div key={tab.id} role="tabpanel" id={`${id}-${tab.id}-panel`} hidden={tab.id !== value} aria-labelledby={`${id}-${tab.id}`} tabIndex={0} className="pt-4 outline-offset-4">
            {tab.content}
          </div>
        ))}
    </div>
  );
}

/** Tabs that are pages of their own, each with its path. */
export function NavTabs({ label, tabs }: { label: string; tabs: readonly { to: string; label: ReactNode; count?: ReactNode; exact?: boolean }[] }) {
  const here = useLocation({ select: (location) => location.pathname });
  const box = useChosenInSight(here);
  return (
    <nav ref={box} aria-label={label} className={strip}>
      {tabs.map((tab) => {
        const current = tab.exact ? here === tab.to : here === tab.to || here.startsWith(`${tab.to}/`);
        return (
          <Link key={tab.to} to={tab.to} activeOptions={ALONE} aria-current={current ? "page" : undefined} className={classes(one, current && "border-accent! text-fg")}>
            {tab.label}
            {tab.count !== undefined ? <span className="numeric text-12 text-muted">{tab.count}</span> : null}
          </Link>
        );
      })}
    </nav>
  );
}
