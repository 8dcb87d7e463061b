import { Link } from "@tanstack/react-router";
import { ChevronLeft } from "lucide-react";
import { type ReactNode, createContext, useEffect, useId } from "react";
import { classes } from "@/lib/classes";
import { useLate } from "@/lib/late";
import { ALONE } from "@/lib/pages";

export type PageProps = {
  /** The heading, and the title of the tab. */
  title: string;
  /** Shown instead of the title, such as a slug in mono with its badges. */
  heading?: ReactNode;
  subtitle?: ReactNode;
  /** Buttons at the right; the one main act last. */
  actions?: ReactNode;
  /** Where this page belongs: a link above the heading. */
  back?: { to: string; label: string };
  children: ReactNode;
};

/** The list that the page around belongs to, for who finds nothing on it. */
export const Belongs = createContext<PageProps["back"]>(undefined);

/** A page: heading, what can be done, content. */
export function Page({ title, heading, subtitle, actions, back, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Burnish`;
  }, [title]);
  return (
    <div className="mx-auto flex w-full max-w-[1320px] min-w-0 flex-col gap-5 px-4 pt-5 pb-12 md:px-8 md:pt-7">
      <header className="flex flex-wrap items-end justify-between gap-x-6 gap-y-3">
        <div className="min-w-0">
          {back ? (
            <Link to={back.to} activeOptions={ALONE} className="-ml-1 inline-flex h-6 items-center gap-0.5 text-13 text-muted hover:text-fg">
              <ChevronLeft size={14} aria-hidden />
              {back.label}
            </Link>
          ) : null}
          <h1 className="text-26 font-semibold tracking-tight wrap-anywhere">{heading ?? title}</h1>
          {subtitle ? <div dir="auto" className="mt-0.5 text-14 wrap-anywhere text-muted">{subtitle}</div> : null}
        </div>
        {actions ? <div className="flex flex-wrap items-center gap-2">{actions}</div> : null}
      </header>
      <Belongs value={back}>{children}</Belongs>
    </div>
  );
}

/** A row of filters above a list. */
export function Toolbar({ children }: { children: ReactNode }) {
  return (
    <div role="group" aria-label="Filters" className="flex flex-wrap items-center gap-2">
      {children}
    </div>
  );
}

/** A part of a page with a heading of its own; `framed` puts a line around it. */
export function Section({ title, description, actions, framed, children, className }: { title: ReactNode; description?: ReactNode; actions?: ReactNode; framed?: boolean; children: ReactNode; className?: string }) {
  const id = useId();
  return (
    <section aria-labelledby={id} className={classes("flex min-w-0 flex-col gap-3", framed && "rounded-l border border-line bg-panel p-4", className)}>
      <div className="flex flex-wrap items-start justify-between gap-x-4 gap-y-2">
        <div className="min-w-0">
          <h2 id={id} className={classes("font-semibold", framed ? "text-14" : "text-16")}>
            {title}
          </h2>
          {description ? <p className="max-w-[72ch] text-13 text-muted">{description}</p> : null}
        </div>
        {actions ? <div className="flex flex-wrap items-center gap-2">{actions}</div> : null}
      </div>
      {children}
    </section>
  );
}

/** One field of what a drawer shows: its name above it, as a heading that is found by keyboard. */
export function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className="flex flex-col gap-1">
      <h3 className="text-12 font-medium text-muted">{title}</h3>
      {children}
    </div>
  );
}

/** Names and values, side by side. A long name, such as one that somebody gave, takes half of the room at most. */
export function Facts({ facts, className }: { facts: readonly (readonly [name: string, value: ReactNode] | null | false)[]; className?: string }) {
  return (
    <dl className={classes("grid grid-cols-[fit-content(50%)_minmax(0,1fr)] gap-x-6 gap-y-1.5 text-13", className)}>
      {facts.map((fact) =>
        fact ? (
          <div key={fact[0]} className="contents">
            <dt className="min-w-28 wrap-anywhere text-muted">{fact[0]}</dt>
            <dd className="min-w-0 wrap-anywhere">{fact[1]}</dd>
          </div>
        ) : null,
      )}
    </dl>
  );
}

export type Figure = { label: string; value: ReactNode; note?: ReactNode; badge?: ReactNode };

/** The few figures that count, side by side. They keep their place while they change. One that is longer than its place takes more of the line, and
 * breaks only where a whole line is too short for it: 1,234,567 in two pieces is read as two numbers. */
export function Figures({ figures, label = "Figures", isStale }: { figures: readonly Figure[]; label?: string; isStale?: boolean }) {
  const isLate = useLate(Boolean(isStale));
  return (
    <dl aria-label={label} className={classes("flex flex-wrap gap-px overflow-hidden rounded-l border border-line bg-line transition-opacity", isLate && "opacity-60")}>
      {figures.map((figure) => (
        <div key={figure.label} className="flex max-w-full flex-1 basis-34 flex-col bg-panel px-4 py-3">
          <dt className="flex h-5 items-center gap-1.5 text-12 text-muted">
            {figure.label}
            {figure.badge}
          </dt>
          <dd className="numeric mt-0.5 text-20 font-semibold wrap-break-word">{figure.value}</dd>
          {figure.note !== undefined ? <dd className="numeric min-h-4 text-12 wrap-break-word text-muted">{figure.note}</dd> : null}
        </div>
      ))}
    </dl>
  );
}
