import { Link } from "@tanstack/react-router";
import { ArrowDown, ArrowUp } from "lucide-react";
import { type ChangeEvent, type KeyboardEvent, type ReactNode, type RefObject, useId, useLayoutEffect, useRef, useState } from "react";
import { flushSync } from "react-dom";
import type { Pages } from "@/api/hooks";
import { classes } from "@/lib/classes";
import { useLate } from "@/lib/late";
import { Button } from "./Button";
import { goByArrows, oneRowAtATime } from "./one-row";
import { EmptyState, ErrorState, Skeleton, TakesLong } from "./States";

export type Sort<K extends string = string> = { by: K; descending: boolean };

export type Column<T> = {
  key: string;
  head: ReactNode;
  cell: (row: T) => ReactNode;
  /** Numbers stand at the right, with digits of one width. */
  align?: "end";
  /** Leaves this column out below a width of the window: sm 560, md 900, lg 1180. */
  hideBelow?: "sm" | "md" | "lg" | "xl";
  /** A class for the width, such as `w-32`. The widest text should have none. On a phone each is as wide as what stands in it asks for. */
  width?: string;
  sortable?: boolean;
};

/** Rows chosen for an act on many, by their keys: by checkboxes, with Shift up to the one before; on a row by x and Shift with the arrow keys. */
export type RowChoice<T> = {
  chosen: ReadonlySet<string>;
  onChange: (chosen: ReadonlySet<string>) => void;
  /** What a row is, for who does not see: "the run of triage, 5 min ago". */
  name: (row: T) => string;
};

export type TableProps<T> = {
  /** What the rows are, for who does not see: "Prompts". */
  label: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  rowKey: (row: T) => string;
  /** Where a row leads. The first column's cell becomes the link, and the whole row follows it. */
  rowLink?: (row: T) => { to: string; search?: Record<string, unknown> };
  /** What opening a row does, where that is no page of its own, such as a drawer. */
  onOpen?: (row: T) => void;
  selected?: string | null;
  sort?: Sort | null;
  onSort?: (sort: Sort) => void;
  choice?: RowChoice<T>;
  /** The rows belong to what was asked for before. */
  isStale?: boolean;
  className?: string;
};

const hidden = { sm: "max-sm:hidden", md: "max-md:hidden", lg: "max-lg:hidden", xl: "max-xl:hidden" };

/** So many rows make a part. Of longer lists only the parts near the window are in the document. */
const PART_ROWS = 50;
const NEAR_PX = 1_200;
const ROW_PX = 45;
/** Of so many rows that do not open each is a stop of its own. */
const FEW_ROWS = 10;

/** Rows and columns. Where rows open, one of them is a stop of Tab; from it the arrow keys go up and down, and Enter opens. */
export function Table<T>({ label, columns, rows, rowKey, rowLink, onOpen, selected, sort, onSort, choice, isStale, className }: TableProps<T>) {
  const opens = Boolean(rowLink ?? onOpen);
  const isLate = useLate(Boolean(isStale));
  const isLong = rows.length > 2 * PART_ROWS;
  const lastChosen = useRef<string | null>(null);
  const table = useRef<HTMLTableElement>(null);
  const help = useId();
  const goesByArrows = rows.length > (opens ? 1 : FEW_ROWS);
  const frame = useRef<HTMLDivElement>(null);
  const scrolls = useScrollsAlone(frame);
  useLayoutEffect(() => (goesByArrows && table.current ? oneRowAtATime(table.current) : undefined), [goesByArrows]);
  const choose = (keys: readonly string[], isChosen: boolean) => {
    const next = new Set(choice?.chosen);
    for (const key of keys) if (isChosen) next.add(key);
    else next.delete(key);
    lastChosen.current = keys.at(-1) ?? null;
    choice?.onChange(next);
  };
  /** With Shift: with all from the one that was chosen last. */
  const chooseTo = (key: string, isChosen: boolean, withShift: boolean) => {
    const keys = rows.map(rowKey);
    const [from, to] = [lastChosen.current === null ? -1 : keys.indexOf(lastChosen.current), keys.indexOf(key)];
    choose(withShift && from >= 0 ? [...keys.slice(Math.min(from, to), Math.max(from, to) + 1).filter((one) => one !== key), key] : [key], isChosen);
  };
  const goByKeys = (event: KeyboardEvent<HTMLTableElement>) => {
    const before = keyAt(event.target);
    const isPlain = !event.metaKey && !event.ctrlKey && !event.altKey;
    if (choice && before !== null && isPlain && event.key === "x") {
      chooseTo(before, !choice.chosen.has(before), false);
      return;
    }
    goByArrows(event.nativeEvent, event.currentTarget);
    const after = keyAt(document.activeElement);
    if (choice && before !== null && after !== null && after !== before && event.shiftKey) choose([before, after], true);
  };
  const row = (of: T, at: number) => {
    const key = rowKey(of);
    return (
      <tr key={key} data-key={choice ? key : undefined} aria-rowindex={isLong ? at + 2 : undefined} aria-selected={selected === undefined ? undefined : selected === key} className={classes("relative border-b border-line", opens && "hover:bg-sunken focus-within:bg-sunken", (selected === key || choice?.chosen.has(key)) && "bg-accent-soft!")}>
        {choice ? (
          <td className="w-8 p-0 align-middle">
            <Choose label={`Choose ${choice.name(of)}`} checked={choice.chosen.has(key)} onChange={(event) => chooseTo(key, event.target.checked, isWithShift(event))} />
          </td>
        ) : null}
        {columns.map((column, index) => (
          <td key={column.key} className={classes("h-11 px-3 py-1.5 align-middle first:pl-2 last:pr-2", choice && "max-sm:px-1.5", column.align === "end" && "numeric text-right whitespace-nowrap", column.hideBelow && hidden[column.hideBelow])}>
            {index === 0 && opens ? <RowOpener link={rowLink?.(of)} onOpen={onOpen ? () => onOpen(of) : undefined} content={column.cell(of)} /> : index === 0 ? column.cell(of) : <Above opens={opens}>{column.cell(of)}</Above>}
          </td>
        ))}
      </tr>
    );
  };
  return (
    <>
      <div ref={frame} tabIndex={scrolls ? 0 : undefined} role={scrolls ? "group" : undefined} aria-label={scrolls ? `${label}, which scroll sideways` : undefined} className={classes("peer relative min-w-0 overflow-x-auto", className)}>
        <table ref={table} aria-label={label} aria-describedby={goesByArrows && opens ? help : undefined} aria-rowcount={isLong ? rows.length + 1 : undefined} aria-busy={isStale || undefined} className={classes("w-full border-collapse text-13 transition-opacity", isLate && "opacity-60")} onKeyDown={goesByArrows ? goByKeys : undefined}>
          <thead>
            <tr className="border-b border-line">
              {choice ? (
                <th scope="col" className="w-8 p-0">
                  <Choose label="Choose all that are listed" checked={rows.length > 0 && rows.every((one) => choice.chosen.has(rowKey(one)))} isPartly={rows.some((one) => choice.chosen.has(rowKey(one)))} onChange={(event) => choose(rows.map(rowKey), event.target.checked)} />
                </th>
              ) : null}
              {columns.map((column) => (
                <th
                  key={column.key}
                  scope="col"
                  aria-sort={sort?.by === column.key ? (sort.descending ? "descending" : "ascending") : undefined}
                  className={classes("h-9 px-3 text-12 font-medium whitespace-nowrap text-muted first:pl-2 last:pr-2", choice && "max-sm:px-1.5", column.align === "end" ? "text-right" : "text-left", column.hideBelow && hidden[column.hideBelow], column.width && `${column.width} max-sm:w-auto!`)}
                >
                  {column.sortable && onSort ? (
                    <button type="button" className="inline-flex h-9 items-center gap-1 hover:text-fg" onClick={() => onSort({ by: column.key, descending: sort?.by === column.key ? !sort.descending : column.align === "end" })}>
                      {column.head}
                      {sort?.by === column.key ? sort.descending ? <ArrowDown size={12} aria-hidden /> : <ArrowUp size={12} aria-hidden /> : null}
                    </button>
                  ) : (
                    column.head
                  )}
                </th>
              ))}
            </tr>
          </thead>
          {isLong ? (
            partsOf(rows).map((part, number) => (
              <Part key={rowKey(part[0] as T)} columns={columns.length + (choice ? 1 : 0)} rows={part.length}>
                {() => part.map((one, at) => row(one, number * PART_ROWS + at))}
              </Part>
            ))
          ) : (
            <tbody>{rows.map(row)}</tbody>
          )}
        </table>
      </div>
      {goesByArrows ? <ByArrows id={help} /> : null}
    </>
  );
}

/** Whether what scrolls sideways holds nothing that one could come to by the keys: then it is a stop itself, or who has no pointer sees its left part only. */
function useScrollsAlone(frame: RefObject<HTMLDivElement | null>): boolean {
  const [scrolls, setScrolls] = useState(false);
  useLayoutEffect(() => {
    const box = frame.current;
    if (!box) return undefined;
    const look = () => setScrolls(box.scrollWidth > box.clientWidth && box.querySelector("a, button, input") === null);
    const watch = new ResizeObserver(look);
    watch.observe(box);
    for (const one of box.children) watch.observe(one);
    return () => watch.disconnect();
  }, [frame]);
  return scrolls;
}

/** For whoever comes to a row by the keys: Tab leads on from the list, and not to the next row. Out of the flow, so that nothing moves. */
export function ByArrows({ id, children = "The arrow keys go from row to row." }: { id: string; children?: ReactNode }) {
  return (
    <p id={id} className="fixed bottom-4 left-1/2 z-71 hidden -translate-x-1/2 rounded-m bg-fg px-2 py-1 text-12 text-bg peer-has-[:is(tbody,li)_:focus-visible]:block">
      {children}
    </p>
  );
}

function partsOf<T>(rows: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(rows.length / PART_ROWS) }, (_, number) => rows.slice(number * PART_ROWS, (number + 1) * PART_ROWS));
}

/** A part of a long list: its rows while it is near what one sees, else a place of the same height. What has the focus stays, with the parts beside it: the next arrow key may lead there before the window has moved. */
function Part({ columns, rows, children }: { columns: number; rows: number; children: () => ReactNode }) {
  const place = useRef<HTMLTableSectionElement>(null);
  const [isNear, setNear] = useState(false);
  const heightPx = useRef(rows * ROW_PX);
  useLayoutEffect(() => {
    const body = place.current;
    if (!body) return undefined;
    let isSeen = body.getBoundingClientRect().top < window.innerHeight + NEAR_PX;
    const decide = (focus: EventTarget | null = document.activeElement) => {
      const near = isSeen || [body, body.previousElementSibling, body.nextElementSibling].some((part) => focus instanceof Node && part?.contains(focus));
      // As high as it is with its rows: with a place of another height the list would jump.
      if (!near && body.dataset["near"] !== undefined) heightPx.current = body.getBoundingClientRect().height;
      setNear(near);
    };
    decide();
    const watch = new IntersectionObserver(
      (entries) => {
        isSeen = entries.at(-1)?.isIntersecting ?? isSeen;
        decide();
      },
      { rootMargin: `${NEAR_PX}px 0px` },
    );
    watch.observe(body);
    const list = body.parentElement;
    const came = (event: FocusEvent) => decide(event.target);
    // Where it goes to: while it leaves one row for the next, nothing has the focus.
    const left = (event: FocusEvent) => decide(event.relatedTarget);
    // Paper has all rows, and is drawn at once.
    const print = () => flushSync(() => setNear(true));
    const printed = () => decide();
    addEventListener("beforeprint", print);
    addEventListener("afterprint", printed);
    list?.addEventListener("focusin", came);
    list?.addEventListener("focusout", left);
    return () => {
      watch.disconnect();
      removeEventListener("beforeprint", print);
      removeEventListener("afterprint", printed);
      list?.removeEventListener("focusin", came);
      list?.removeEventListener("focusout", left);
    };
  }, []);
  return (
    <tbody ref={place} data-near={isNear || undefined}>
      {isNear ? (
        children()
      ) : (
        <tr aria-hidden style={{ height: heightPx.current }}>
          {/* oxlint-disable-next-line jsx-a11y/control-has-associated-label -- a place, and nobody hears of it */}
          <td colSpan={columns} />
        </tr>
      )}
    </tbody>
  );
}

const cover = "block min-w-0 text-left outline-none after:absolute after:inset-0 after:rounded-s focus-visible:after:outline-2 focus-visible:after:-outline-offset-2 focus-visible:after:outline-accent";

function RowOpener({ link, onOpen, content }: { link?: { to: string; search?: Record<string, unknown> }; onOpen?: () => void; content: ReactNode }) {
  if (link) {
    return (
      <Link to={link.to} search={link.search as never} data-row className={cover}>
        {content}
      </Link>
    );
  }
  return (
    <button type="button" data-row onClick={onOpen} className={classes(cover, "w-full")}>
      {content}
    </button>
  );
}

/** What can be pressed within a row lies above the row's own link; text lets the pointer through. */
function Above({ opens, children }: { opens: boolean; children: ReactNode }) {
  return opens ? <span className="pointer-events-none relative [&_a]:pointer-events-auto [&_button]:pointer-events-auto [&_input]:pointer-events-auto [&_[title]]:pointer-events-auto">{children}</span> : children;
}

/** A checkbox of a row. It lies above the row's own link. */
function Choose({ label, checked, isPartly, onChange }: { label: string; checked: boolean; isPartly?: boolean; onChange: (event: ChangeEvent<HTMLInputElement>) => void }) {
  const box = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => {
    if (box.current) box.current.indeterminate = Boolean(isPartly) && !checked;
  }, [isPartly, checked]);
  return (
    <label className="relative z-1 grid h-8 w-8 cursor-pointer place-items-center">
      <input ref={box} type="checkbox" aria-label={label} checked={checked} onChange={onChange} className="size-4 accent-accent" />
    </label>
  );
}

function isWithShift({ nativeEvent }: ChangeEvent<HTMLInputElement>): boolean {
  return "shiftKey" in nativeEvent && nativeEvent.shiftKey === true;
}

/** The key of the row whose opener has this. */
function keyAt(target: EventTarget | null): string | null {
  return target instanceof HTMLElement && target.matches("[data-row]") ? (target.closest<HTMLElement>("tr")?.dataset["key"] ?? null) : null;
}

export function SkeletonTable({ columns, rows = 8 }: { columns: number; rows?: number }) {
  return (
    <div role="status" aria-label="Loading" className="relative flex flex-col">
      {Array.from({ length: rows + 1 }, (_, row) => (
        <div key={row} className={classes("flex items-center gap-6 border-b border-line px-2", row === 0 ? "h-9" : "h-11")}>
          {Array.from({ length: columns }, (_, column) => (
            <Skeleton key={column} className={classes("h-3", column === 0 ? "w-1/3" : "ml-auto w-16", column > 1 && "max-sm:hidden")} />
          ))}
        </div>
      ))}
      <TakesLong />
    </div>
  );
}

/** A list that is long and holds few of what was asked for is looked through piece by piece. */
function NoneYet<T>({ pages }: { pages: Pages<T> }) {
  return (
    <div role="status">
      <EmptyState
        title="None so far"
        action={
          <Button onClick={pages.loadMore} busy={pages.isLoadingMore}>
            Look further
          </Button>
        }
      >
        The list is long, and what you look for is rare in it. Each look goes further; narrower filters make it shorter.
      </EmptyState>
    </div>
  );
}

/** A table of pages: skeleton, error, empty, rows, and "Load more" while there is a cursor. */
export function PagedTable<T>({ pages, empty, ...table }: Omit<TableProps<T>, "rows" | "isStale"> & { pages: Pages<T>; empty: ReactNode }) {
  return (
    <Paged pages={pages} empty={empty} skeleton={<SkeletonTable columns={Math.min(5, table.columns.length)} />}>
      <Table {...table} rows={pages.rows} isStale={pages.isStale} />
    </Paged>
  );
}

type PagedProps<T> = { pages: Pages<T>; empty: ReactNode; skeleton: ReactNode; children: ReactNode };

/** The same of any list: `children` are its rows. Who does not see is told what other filters found. */
export function Paged<T>(props: PagedProps<T>) {
  const found = useFound(props.pages);
  return (
    <>
      <p aria-live="polite" className="sr-only">
        {found}
      </p>
      <PagesSoFar {...props} />
    </>
  );
}

/** What was found once something else was asked for; nothing of a list that is opened, or that grows by itself. */
function useFound({ rows, error, isStale, hasMore }: Pages<unknown>): string {
  const [told, setTold] = useState({ isAsked: false, words: "" });
  if (isStale && !told.isAsked) setTold({ isAsked: true, words: "" });
  if (!isStale && told.isAsked) {
    const words = rows.length === 0 ? "None found" : `${rows.length} found${hasMore ? ", and there are more" : ""}`;
    setTold({ isAsked: false, words: error || (rows.length === 0 && hasMore) ? "" : words });
  }
  return told.words;
}

function PagesSoFar<T>({ pages, empty, skeleton, children }: PagedProps<T>) {
  // None of what was asked for before says nothing of what is asked for now.
  if (pages.isPending || (pages.isStale && pages.rows.length === 0)) return skeleton;
  if (pages.error && pages.rows.length === 0) return <ErrorState error={pages.error} onRetry={pages.retry} />;
  if (pages.rows.length === 0) return pages.hasMore ? <NoneYet pages={pages} /> : empty;
  return (
    <div>
      {children}
      <div className="flex h-14 items-center justify-center gap-3 text-12 text-muted" role="status">
        {pages.error ? <span>More could not be loaded: {pages.error.message}</span> : null}
        {pages.hasMore ? (
          <Button size="s" onClick={pages.loadMore} busy={pages.isLoadingMore}>
            Load more
          </Button>
        ) : null}
      </div>
    </div>
  );
}
