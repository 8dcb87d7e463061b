import type { FormEvent, ReactNode } from "react";

/** The frame of the pages that stand before the product: a title, a form, and what else one could do. */
export function Door({ title, subtitle, children, below }: { title: string; subtitle?: ReactNode; children: ReactNode; below?: ReactNode }) {
  return (
    <main className="mx-auto flex w-full max-w-sm flex-col gap-6 px-4 pt-[12dvh] pb-12">
      <title>{`${title} – Burnish`}</title>
      <header className="flex flex-col gap-4">
        <span className="flex items-center gap-2 text-16 font-semibold tracking-tight">
          <span aria-hidden className="size-3.5 rounded-full bg-accent" />
          burnish
        </span>
        <div className="flex flex-col gap-1">
          <h1 className="text-26 font-semibold tracking-tight">{title}</h1>
          {subtitle ? <p className="text-14 text-muted">{subtitle}</p> : null}
        </div>
      </header>
      {children}
      {below ? <footer className="text-13 text-muted">{below}</footer> : null}
    </main>
  );
}

/** `onSubmit` of a form that the page answers itself. */
export function answered(act: () => void): (event: FormEvent) => void {
  return (event) => {
    event.preventDefault();
    act();
  };
}
