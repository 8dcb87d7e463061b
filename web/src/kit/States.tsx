import { QueryClientContext } from "@tanstack/react-query";
import { CircleAlert, Inbox, RotateCw } from "lucide-react";
import { type ReactNode, use, useEffect, useState } from "react";
import { asApiError } from "@/api/errors";
import { classes } from "@/lib/classes";
import { Button, ButtonLink } from "./Button";
import { CodeBlock, CopyButton } from "./Copy";
import { Belongs } from "./Page";

/** Where a list would be: what belongs here, one act that puts it here, and the same act as a call of the API. */
export function EmptyState({ icon, title, children, action, code, className }: { icon?: ReactNode; title: string; children?: ReactNode; action?: ReactNode; code?: string; className?: string }) {
  return (
    <div className={classes("flex flex-col items-center rounded-l border border-dashed border-line-strong/60 px-6 py-12 text-center", className)}>
      <span aria-hidden className="mb-3 grid size-10 place-items-center rounded-full bg-accent-soft text-accent">
        {icon ?? <Inbox size={18} />}
      </span>
      <h2 className="text-16 font-semibold wrap-anywhere">{title}</h2>
      {children ? <div className="mt-1 max-w-[56ch] text-14 text-pretty text-muted">{children}</div> : null}
      {action ? <div className="mt-4 flex flex-wrap justify-center gap-2">{action}</div> : null}
      {code ? (
        <div className="mt-6 w-full max-w-2xl text-left">
          <CodeBlock wrap label="The same over the API" code={code} />
        </div>
      ) : null}
    </div>
  );
}

/** What went wrong, how to try again, and what to tell whoever helps. What is not there is not there a moment later either: instead of another try it
 * leads to the list that the page belongs to. */
export function ErrorState({ error, onRetry, title, className }: { error: unknown; onRetry?: () => void; title?: string; className?: string }) {
  const known = asApiError(error);
  // What a page reads by an id, it reads by that of its address.
  const isMistyped = known.status === 422 && known.message.startsWith(`${known.param}: must be a UUID`);
  const isMissing = isMistyped || known.status === 404;
  const list = use(Belongs);
  const heading = title ?? (isMistyped ? "Not found" : known.isConnection ? "No connection" : known.status === 404 ? "Not found" : known.status === 403 ? "Not allowed" : "This did not work");
  return (
    <div role="alert" className={classes("flex flex-col items-center rounded-l border border-line px-6 py-10 text-center", className)}>
      <span aria-hidden className="mb-3 grid size-10 place-items-center rounded-full bg-bad-soft text-bad">
        <CircleAlert size={18} />
      </span>
      <h2 className="text-16 font-semibold">{heading}</h2>
      <p className="mt-1 max-w-[60ch] text-14 wrap-anywhere text-muted">{isMistyped ? "There is no such id: the address may be mistyped or cut off." : known.message}</p>
      {isMissing && list ? (
        <ButtonLink className="mt-4" to={list.to}>
          Go to {list.label}
        </ButtonLink>
      ) : onRetry && !isMissing ? (
        <Button className="mt-4" onClick={onRetry} icon={<RotateCw size={14} aria-hidden />}>
          Try again
        </Button>
      ) : null}
      {known.requestId ? (
        <p className="mt-4 flex items-center gap-1 text-12 text-muted">
          Request <code className="break-all">{known.requestId}</code>
          <CopyButton text={known.requestId} label="Copy the request id" />
        </p>
      ) : null}
    </div>
  );
}

/** A grey place that something will fill. Shows only after 150 ms. */
export function Skeleton({ className }: { className?: string }) {
  return <span aria-hidden data-skeleton className={classes("late block rounded-s bg-line", className)} />;
}

/** Lines of text that are on their way. */
export function SkeletonText({ lines = 3 }: { lines?: number }) {
  return (
    <div role="status" aria-label="Loading" className="relative flex flex-col gap-2.5">
      {Array.from({ length: lines }, (_, index) => (
        <Skeleton key={index} className={classes("h-3.5", index % 3 === 2 ? "w-3/5" : index % 2 ? "w-11/12" : "w-full")} />
      ))}
      <TakesLong />
    </div>
  );
}

const LONG_MS = 10_000;

/** Over a skeleton that has stood there for long: it says so, and what has not come is asked for anew, for the first question may never be answered.
 * Nothing moves by it. */
export function TakesLong() {
  const queries = use(QueryClientContext);
  const [isLong, setLong] = useState(false);
  useEffect(() => {
    if (isLong) return undefined;
    const timer = setTimeout(() => setLong(true), LONG_MS);
    return () => clearTimeout(timer);
  }, [isLong]);
  if (!isLong) return null;
  const ask = () => {
    setLong(false);
    const waiting = queries?.getQueryCache().findAll({ predicate: ({ state }) => state.fetchStatus === "fetching" && state.data === undefined }) ?? [];
    // Given up first: whoever asks anew for what has no answer yet waits for the first question with it.
    for (const one of waiting) void one.cancel({ silent: true });
    void queries?.refetchQueries({ predicate: (one) => waiting.includes(one) });
  };
  return (
    <div className="absolute inset-x-0 top-0 z-1 flex justify-center">
      <p className="flex flex-wrap items-center justify-center gap-2 rounded-m border border-line bg-panel px-3 py-2 text-13">
        This takes longer than usual.
        <Button size="s" onClick={ask}>
          Ask again
        </Button>
      </p>
    </div>
  );
}

type Readable<T> = { data: T | undefined; error: unknown; refetch: () => unknown };

/** Shows what a `useRead` found: a skeleton first, an error with retry, then `children(data)`. An old answer outlives a failed reload. */
export function Loaded<T>({ of, skeleton, children }: { of: Readable<T>; skeleton?: ReactNode; children: (data: T) => ReactNode }) {
  if (of.data !== undefined) return children(of.data);
  if (of.error) return <ErrorState error={of.error} onRetry={() => void of.refetch()} />;
  return skeleton ?? <SkeletonText lines={4} />;
}

/** What stands below something that has no place of a known height yet: it is read and laid out already, and shown with that (`what` is there), so
 * that nothing moves under somebody's eyes. Without `what`: with everything beside and before it, once there is no skeleton in that any more. */
export function After({ what, children }: { what?: boolean; children: ReactNode }) {
  return <div className={classes("flex min-w-0 flex-col gap-[inherit]", what === undefined ? "after-skeletons" : !what && "invisible")}>{children}</div>;
}

/** A sentence that must be seen before going on, in the flow of the page. */
export function Notice({ tone = "neutral", title, children, action }: { tone?: "neutral" | "ok" | "warn" | "bad"; title?: ReactNode; children?: ReactNode; action?: ReactNode }) {
  const ground = { neutral: "bg-sunken", ok: "bg-ok-soft", warn: "bg-warn-soft", bad: "bg-bad-soft" }[tone];
  return (
    <div data-ground className={classes("flex flex-wrap items-center justify-between gap-x-4 gap-y-2 rounded-m px-3 py-2 text-13", ground)}>
      <div className="min-w-0">
        {title ? <strong className="font-semibold">{title} </strong> : null}
        {children}
      </div>
      {action}
    </div>
  );
}
