import { ChevronDown, Search, X } from "lucide-react";
import { type ChangeEvent, type ComponentProps, type ReactNode, createContext, use, useEffect, useId, useLayoutEffect, useRef, useState } from "react";
import { ApiError } from "@/api/errors";
import { classes } from "@/lib/classes";
import { commaAsPoint } from "@/lib/comma";
import { Tooltip } from "./Tooltip";

type FieldIds = { id: string; describedBy: string | undefined; invalid: boolean; required: boolean };
const FieldContext = createContext<FieldIds | null>(null);

export type FieldProps = {
  label: ReactNode;
  /** One sentence below the label, where the label does not say enough. */
  hint?: ReactNode;
  /** What is wrong, in words that say what to do; see `errorFor`. */
  error?: ReactNode;
  required?: boolean;
  /** The label is there for who does not see; the place makes it plain for all others. */
  hideLabel?: boolean;
  className?: string;
  children: ReactNode;
};

/** A label, a control (Input, Textarea, Select, …) and what there is to say about it. The control finds its ids by itself. */
export function Field({ label, hint, error, required = false, hideLabel = false, className, children }: FieldProps) {
  const id = useId();
  const hintId = hint ? `${id}-hint` : undefined;
  const errorId = error ? `${id}-error` : undefined;
  const describedBy = [hintId, errorId].filter(Boolean).join(" ") || undefined;
  return (
    <div className={classes("flex min-w-0 flex-col gap-1", className)}>
      <label htmlFor={id} className={hideLabel ? "sr-only" : "text-13 font-medium"}>
        {label}
        {!required && !hideLabel ? null : required && !hideLabel ? <span className="sr-only"> (required)</span> : null}
      </label>
      {hint ? (
        <p id={hintId} className="-mt-0.5 text-12 text-muted">
          {hint}
        </p>
      ) : null}
      <FieldContext value={{ id, describedBy, invalid: Boolean(error), required }}>{children}</FieldContext>
      <FieldFault id={errorId} text={error} />
    </div>
  );
}

/** The words that stand beside what they are about, by how many places. A form tells the rest: see FormError. */
const told = new Map<string, number>();
const listeners = new Set<() => void>();

function tell(words: string, by: 1 | -1) {
  const left = (told.get(words) ?? 0) + by;
  if (left > 0) told.set(words, left);
  else told.delete(words);
  for (const one of listeners) one();
}

function listen(listener: () => void) {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** What is wrong with one part of a form that has no Field around it, such as an editor; Field shows its own. */
export function FieldFault({ text, id }: { text: ReactNode; id?: string }) {
  const box = useRef<HTMLParagraphElement>(null);
  useLayoutEffect(() => {
    // What stands beside the sentence, such as the mark of a place, is a part of its own.
    const said = new Set([box.current, ...(box.current?.childNodes ?? [])].map((part) => part?.textContent ?? "").filter(Boolean));
    for (const words of said) tell(words, 1);
    return () => {
      for (const words of said) tell(words, -1);
    };
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- the words on screen follow the text
  }, [text]);
  if (!text) return null;
  return (
    <p ref={box} id={id} role="alert" className="text-12 text-bad">
      {text}
    </p>
  );
}

/** How sentences of the API go on after the name of a field. */
const SAYS = /^(must|may|is|are|has|at most|at least) /u;

/** What an error says, without the name of its field before it: "name: may not be empty". */
function unnamed({ message, param }: ApiError): string {
  if (param === null || !message.startsWith(`${param}: `)) return message;
  const rest = message.slice(param.length + 2);
  return SAYS.test(rest) ? rest.charAt(0).toUpperCase() + rest.slice(1) : rest; // What begins with a name of somebody's stays as they wrote it.
}

/** What fields were given to say of an error. The words alone could be another field's: "Is needed". */
const given = new WeakMap<Error, Set<string>>();

function give(error: Error, words: string): string {
  given.set(error, (given.get(error) ?? new Set()).add(words));
  return error.cause instanceof Error ? give(error.cause, words) : words;
}

/** What the API said about one field of a body (`param`), for `error` of its Field, which bears a name of its own. A `param` below it counts too. */
export function errorFor(error: unknown, param: string): string | undefined {
  if (!(error instanceof ApiError) || !error.param) return undefined;
  if (error.param === param) return give(error, unnamed(error));
  return error.param.startsWith(`${param}.`) || error.param.startsWith(`${param}[`) ? give(error, error.message) : undefined;
}

/** The error of a form where no field that is on screen tells it: one that is not drawn tells nothing, whatever the API calls it. */
export function FormError({ error }: { error: unknown }) {
  const words = error instanceof Error ? error.message : "";
  const [isTold, setTold] = useState(false);
  // Before anybody sees or hears it: the fields before it have told theirs by then. (useSyncExternalStore looks a moment later, and both are said.)
  useLayoutEffect(() => {
    // Whole sentences: "Must be at least 10" of another field holds "Must be at least 1".
    const isOfThis = (said: string) => said === words || (error instanceof ApiError && given.get(error)?.has(said) === true);
    const look = () => setTold(words !== "" && [...told.keys()].some(isOfThis));
    look();
    return listen(look);
  }, [words, error]);
  if (!error || isTold) return null;
  return (
    <p role="alert" className="rounded-m bg-bad-soft px-3 py-2 text-13 text-fg">
      {error instanceof Error ? words : String(error)}
      {error instanceof ApiError && error.requestId ? <span className="block text-12 text-muted">Request {error.requestId}</span> : null}
    </p>
  );
}

const box = "w-full min-w-0 rounded-m border border-line-strong bg-panel text-fg transition-colors duration-100 focus-visible:outline-offset-0 disabled:opacity-60 disabled:cursor-not-allowed aria-invalid:border-bad";

function useControl<P extends { id?: string; required?: boolean }>(given: P) {
  const field = use(FieldContext);
  return { ...given, id: given.id ?? field?.id, required: given.required ?? (field?.required || undefined), "aria-describedby": field?.describedBy, "aria-invalid": field?.invalid || undefined };
}

/** What people write runs as its script does: from the right where it is Arabic or Hebrew. */
export function Input({ className, mono, ...rest }: ComponentProps<"input"> & { mono?: boolean }) {
  return <input dir="auto" autoComplete="off" spellCheck={mono ? false : undefined} onBeforeInput={rest.type === "number" && rest.step === "any" ? commaAsPoint : undefined} {...useControl(rest)} className={classes(box, "h-8 px-2.5 read-only:bg-sunken finger:h-10", mono ? "font-mono text-13" : "text-14", rest.type === "number" && "numeric", className)} />;
}

export function Textarea({ className, mono, ...rest }: ComponentProps<"textarea"> & { mono?: boolean }) {
  return <textarea dir="auto" rows={4} spellCheck={mono ? false : undefined} {...useControl(rest)} className={classes(box, "field-sizing-content max-h-96 min-h-20 px-2.5 py-1.5 read-only:bg-sunken", mono ? "font-mono text-13" : "text-14", className)} />;
}

export type Option<T extends string = string> = { value: T; label: string; disabled?: boolean };

/** One of a few. The browser's own list: it works with every keyboard, reader and thumb. For many see Combobox. */
export function Select<T extends string>({
  options,
  value,
  onChange,
  empty,
  compact,
  className,
  ...rest
}: Omit<ComponentProps<"select">, "value" | "onChange"> & {
  options: readonly Option<T>[];
  value: T | null;
  onChange: (value: T) => void;
  /** What stands there while nothing is chosen. */
  empty?: string;
  compact?: boolean;
}) {
  const control = useControl(rest);
  return (
    <span className={classes("relative inline-flex min-w-0", !compact && "w-full", className)}>
      <select
        {...control}
        value={value ?? ""}
        onChange={(event: ChangeEvent<HTMLSelectElement>) => onChange(event.target.value as T)}
        className={classes(box, "h-8 appearance-none truncate pr-8 pl-2.5 finger:h-10", compact ? "border-line-strong/50! text-13 font-medium" : "text-14")}
      >
        {empty !== undefined ? <option value="">{empty}</option> : null}
        {options.map((option) => (
          <option key={option.value} value={option.value} disabled={option.disabled}>
            {option.label}
          </option>
        ))}
      </select>
      <ChevronDown size={14} aria-hidden className="pointer-events-none absolute top-1/2 right-2.5 -translate-y-1/2 text-muted" />
    </span>
  );
}

export function Checkbox({ label, hint, className, ...rest }: Omit<ComponentProps<"input">, "type"> & { label: ReactNode; hint?: ReactNode }) {
  const id = useId();
  return (
    <div className={classes("flex items-start gap-2", className)}>
      <input {...rest} id={id} type="checkbox" aria-describedby={hint ? `${id}-hint` : undefined} className="mt-0.5 size-4 shrink-0 accent-accent finger:size-6" />
      <span className="min-w-0">
        <label htmlFor={id} className="text-14">
          {label}
        </label>
        {hint ? (
          <span id={`${id}-hint`} className="block text-12 text-muted">
            {hint}
          </span>
        ) : null}
      </span>
    </div>
  );
}

/** On or off, at once: no button has to be pressed after it. `why` it is disabled: it stays reachable by keyboard then. */
export function Switch({ label, checked, onChange, disabled, why, hideLabel }: { label: string; checked: boolean; onChange: (on: boolean) => void; disabled?: boolean; why?: string; hideLabel?: boolean }) {
  const explained = Boolean(disabled && why);
  const button = (
    <button type="button" role="switch" aria-checked={checked} aria-label={hideLabel ? label : undefined} disabled={disabled && !explained} aria-disabled={explained || undefined} onClick={() => (explained ? undefined : onChange(!checked))} className="inline-flex items-center gap-2 text-14 finger:min-h-10 disabled:opacity-50 aria-disabled:cursor-not-allowed aria-disabled:opacity-50">
      <span className={classes("relative h-4.5 w-8 shrink-0 rounded-full border transition-colors", checked ? "border-accent bg-accent" : "border-line-strong bg-sunken")}>
        <span className={classes("absolute top-1/2 size-3 -translate-y-1/2 rounded-full transition-[left]", checked ? "left-4 bg-accent-fg" : "left-0.5 bg-line-strong")} />
      </span>
      {hideLabel ? null : label}
    </button>
  );
  return explained ? <Tooltip text={why}>{button}</Tooltip> : button;
}

/** Chooses one of two to five that stand side by side. */
export function Segments<T extends string>({ label, options, value, onChange }: { label: string; options: readonly Option<T>[]; value: T; onChange: (value: T) => void }) {
  const name = useId();
  return (
    <fieldset className="inline-flex h-8 finger:h-10 rounded-m border border-line-strong/50 bg-sunken p-0.5">
      <legend className="sr-only">{label}</legend>
      {options.map((option) => (
        <label
          key={option.value}
          // Relative, so that what hides in it is cut off with it where a row of segments is scrolled.
          className="relative inline-flex cursor-pointer items-center rounded-s px-2.5 text-13 font-medium text-muted has-checked:bg-panel has-checked:text-fg has-checked:shadow-[0_0_0_1px_var(--line)] has-focus-visible:outline-2 has-focus-visible:outline-accent"
        >
          <input type="radio" name={name} value={option.value} checked={option.value === value} onChange={() => onChange(option.value)} className="sr-only" />
          {option.label}
        </label>
      ))}
    </fieldset>
  );
}

const TYPING_PAUSE_MS = 200;

/** What is being typed, and how to change it. `onChange` hears what `read` makes of it, after a pause of 200 ms. */
export function useTyped(value: string, onChange: (value: string) => void, read: (typed: string) => string = asIs): [string, (typed: string) => void] {
  const [typed, setTyped] = useState(value);
  const known = useRef(value);
  useEffect(() => {
    // The address changed by itself (back, a link): what is shown follows.
    if (value !== known.current) {
      known.current = value;
      setTyped(value);
    }
  }, [value]);
  useEffect(() => {
    const said = read(typed);
    if (said === known.current) return undefined;
    const timer = setTimeout(() => {
      known.current = said;
      onChange(said);
    }, TYPING_PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed, onChange, read]);
  return [typed, setTyped];
}

const asIs = (typed: string) => typed;

/** Searches while one types: `onChange` comes after a pause of 200 ms. The key "/" goes here.
 * `most`: characters that the API takes; the browser cuts what is typed or pasted beyond them. U+0000, which it takes nowhere, is left out. */
export function SearchInput({ label, value, onChange, placeholder, className, most = 200 }: { label: string; value: string; onChange: (value: string) => void; placeholder?: string; className?: string; most?: number }) {
  const [typed, setTyped] = useTyped(value, onChange);
  return (
    <span className={classes("relative block min-w-0", className)}>
      <Search size={14} aria-hidden className="pointer-events-none absolute top-1/2 left-2.5 -translate-y-1/2 text-muted" />
      <input
        type="search"
        data-search
        dir="auto"
        aria-label={label}
        placeholder={placeholder ?? label}
        value={typed}
        maxLength={most}
        onChange={(event) => setTyped(event.target.value.replaceAll("\0", ""))}
        className={classes(box, typed ? "pr-8" : "pr-2", "h-8 pl-8 text-13 finger:h-10 [&::-webkit-search-cancel-button]:hidden")}
      />
      {typed ? (
        <button type="button" aria-label="Clear the search" onClick={() => setTyped("")} className="absolute top-1/2 right-1 grid size-6 -translate-y-1/2 place-items-center rounded-s text-muted hover:text-fg">
          <X size={14} aria-hidden />
        </button>
      ) : null}
    </span>
  );
}
