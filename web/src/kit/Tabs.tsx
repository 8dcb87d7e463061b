import { Link, useLocation } from "@tanstack/react-router";
import { Tabs as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { classes } from "@/lib/classes";

const strip = "-mx-4 flex gap-4 overflow-x-auto border-b border-line px-4 md:mx-0 md:px-0";
const one = "-mb-px flex shrink-0 items-center gap-1.5 border-b-2 border-transparent py-2 text-13 font-medium text-muted hover:text-fg";

export type Tab<T extends string = string> = { id: T; label: ReactNode; count?: ReactNode; content: ReactNode };

/** Tabs within a page. Keep `value` in the address: `useUrlState({ tab: oneOf([...], "…") })` with `{ push: true }`. */
export function Tabs<T extends string>({ label, tabs, value, onChange, className }: { label: string; tabs: readonly Tab<T>[]; value: T; onChange: (value: T) => void; className?: string }) {
  return (
    <Radix.Root value={value} onValueChange={(next) => onChange(next as T)} className={className}>
      <Radix.List aria-label={label} className={strip}>
        {tabs.map((tab) => (
          <Radix.Trigger key={tab.id} value={tab.id} className={classes(one, "data-[state=active]:border-accent data-[state=active]:text-fg")}>
            {tab.label}
            {tab.count !== undefined ? <span className="numeric text-12 text-muted">{tab.count}</span> : null}
          </Radix.Trigger>
        ))}
      </Radix.List>
      {tabs.map((tab) => (
        <Radix.Content key={tab.id} value={tab.id} className="pt-4 outline-offset-4">
          {tab.content}
        </Radix.Content>
      ))}
    </Radix.Root>
  );
}

/** Tabs that are pages of their own, each with its path. */
export function NavTabs({ label, tabs }: { label: string; tabs: readonly { to: string; label: ReactNode; count?: ReactNode; exact?: boolean }[] }) {
  const here = useLocation({ select: (location) => location.pathname });
  return (
    <nav aria-label={label} className={strip}>
      {tabs.map((tab) => {
        const current = tab.exact ? here === tab.to : here === tab.to || here.startsWith(`${tab.to}/`);
        return (
          <Link key={tab.to} to={tab.to} aria-current={current ? "page" : undefined} className={classes(one, current && "border-accent! text-fg")}>
            {tab.label}
            {tab.count !== undefined ? <span className="numeric text-12 text-muted">{tab.count}</span> : null}
          </Link>
        );
      })}
    </nav>
  );
}
