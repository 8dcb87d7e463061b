import { type ReactNode, type RefObject, useLayoutEffect, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { classes } from "@/lib/classes";
import { later } from "@/lib/later";
import { LONG_LINE, firstLongLine } from "@/lib/long-lines";
import { standsIn } from "./form-texts";

export type CodeEditorProps = {
  value: string;
  onChange?: (value: string) => void;
  /** What is written here, for who does not see. */
  label: string;
  /** template: slots are marked, `{{` offers `variables`, mistakes are underlined. json: mistakes are underlined. */
  language?: "template" | "json" | "python" | "text";
  /** Names that the template may use; what is not among them is marked. Left out: nothing is unknown. */
  variables?: readonly string[];
  readOnly?: boolean;
  /** Its form is not sent while it is empty. */
  needed?: boolean;
  minLines?: number;
  maxLines?: number;
  placeholder?: string;
  /** ⌘Enter */
  onSubmit?: () => void;
  /** ⌘S */
  onSave?: () => void;
};

/** Where one was writing when the editor took the plain text's place. */
export type Cursor = { from: number; to: number };

const Editor = later<CodeEditorProps & { cursor?: Cursor | null }>(() => import("./editor/CodeEditor"));
let isHere = false;

const LINE_PX = 21.45;

/** An editor for prompts, JSON and code. Until somebody comes near it is plain text, with all one needs to read and even to write it: the editor
 * proper is as large as half a page. It takes the text's place without moving anything. Tab leaves both. */
export function CodeEditor(props: CodeEditorProps) {
  const [isEditor, setEditor] = useState(isHere);
  const cursor = useRef<Cursor | null>(null);
  const area = useRef<HTMLTextAreaElement>(null);
  const isComposing = useRef(false);
  const come = async () => {
    await Editor.preload();
    isHere = Editor.isHere();
    if (!isHere || isComposing.current) return;
    const { current } = area;
    if (current && current === document.activeElement) cursor.current = { from: current.selectionStart, to: current.selectionEnd };
    // At once: a key that is pressed in between would be lost.
    flushSync(() => setEditor(true));
  };
  const stands = props.readOnly ? {} : { ...standsIn(props.label, props.value, { put: props.onChange }), "data-needed": props.needed || undefined };
  const note = props.language === "template" ? <LongLine text={props.value} /> : null;
  if (isEditor) return <div {...stands} className="contents"><Editor {...props} cursor={cursor.current} />{note}</div>;
  return (
    // oxlint-disable-next-line jsx-a11y/no-static-element-interactions -- only fetches what the text within will need
    <div {...stands} onPointerEnter={() => void come()} onFocus={() => void come()} onCompositionStart={() => (isComposing.current = true)} onCompositionEnd={() => ((isComposing.current = false), void come())}>
      <Plain {...props} area={area} />
      {note}
    </div>
  );
}

/** Why a line's variables are not marked. */
function LongLine({ text }: { text: string }) {
  const line = firstLongLine(text);
  if (line === null) return null;
  return <p className="mt-1 text-12 text-muted">{`Line ${line} has more than ${LONG_LINE.toLocaleString("en-US")} characters: its variables are not marked, so that writing stays quick. They work all the same.`}</p>;
}

/** The text as the editor will show it, numbered and with its slots, and a field over it that is seen while one writes in it. */
function Plain({ value, onChange, label, language, variables, readOnly, minLines = 6, maxLines = 30, placeholder, onSubmit, onSave, area }: CodeEditorProps & { area: RefObject<HTMLTextAreaElement | null> }) {
  const text = useRef<HTMLDivElement>(null);
  const isProse = language === "template" || language === "text";
  useLayoutEffect(() => {
    // A long text scrolls within the field; what is seen behind it follows.
    if (text.current && area.current) text.current.scrollTop = area.current.scrollTop;
  });
  const size = { minHeight: minLines * LINE_PX + 18, maxHeight: maxLines * LINE_PX + 18 };
  return (
    <div style={size} className="relative flex flex-col overflow-hidden rounded-m border border-line-strong bg-panel font-mono text-13 leading-[1.65] has-focus-visible:outline-2 has-focus-visible:outline-accent">
      <textarea
        ref={area}
        aria-label={label}
        dir={isProse ? "auto" : undefined}
        value={value}
        readOnly={readOnly}
        spellCheck={isProse}
        onChange={(event) => onChange?.(event.target.value)}
        onScroll={(event) => {
          if (text.current) text.current.scrollTop = event.currentTarget.scrollTop;
        }}
        onKeyDown={(event) => {
          const act = event.metaKey || event.ctrlKey ? { Enter: onSubmit, s: onSave }[event.key] : undefined;
          if (!act) return;
          event.preventDefault();
          act();
        }}
        className="peer absolute inset-0 z-1 h-full w-full resize-none bg-transparent py-2 pr-3 pl-10.5 leading-[1.65] wrap-break-word opacity-0 outline-none focus:opacity-100"
      />
      <div ref={text} aria-hidden className="min-h-0 flex-1 overflow-hidden py-2 peer-focus:[&_[data-text]]:invisible">
        {value.split("\n").map((line, index) => (
          <div key={index} dir={isProse ? "auto" : undefined} className="relative min-h-[21.45px] pr-3 pl-10.5 whitespace-pre-wrap wrap-break-word">
            <span className="absolute left-0 w-7.5 text-right text-muted select-none">{index + 1}</span>
            <span data-text>{value === "" ? <span className="text-muted">{placeholder}</span> : language === "template" && line.length <= LONG_LINE ? withSlots(line, variables) : line}</span>
          </div>
        ))}
      </div>
    </div>
  );
}

const SLOT = /(?<!\{)\{\{\s*([A-Za-z_]\w*)[^{}]*\}\}(?!\})/g;

/** A line with its slots marked, for who reads it; what the editor says of them is exact. */
function withSlots(line: string, known: readonly string[] | undefined): ReactNode {
  const parts: ReactNode[] = [];
  let from = 0;
  for (const found of line.matchAll(SLOT)) {
    const isKnown = !known || known.includes(found[1] ?? "");
    parts.push(
      line.slice(from, found.index),
      <span key={found.index} className={classes("rounded-s px-px font-semibold", isKnown ? "bg-accent-soft text-accent" : "bg-bad-soft text-bad underline decoration-wavy underline-offset-4")}>
        {found[0]}
      </span>,
    );
    from = found.index + found[0].length;
  }
  return [...parts, line.slice(from)];
}
