/** CodeMirror, loaded with the first page that needs it. Use it through `@/kit`. */
import { type CompletionContext, type CompletionResult, autocompletion, completionKeymap, closeBrackets, closeBracketsKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching } from "@codemirror/language";
import { type Diagnostic, lintKeymap, linter } from "@codemirror/lint";
import { searchKeymap } from "@codemirror/search";
import { Compartment, EditorState, type Extension, RangeSetBuilder } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, ViewPlugin, type ViewUpdate, drawSelection, highlightActiveLine, keymap, lineNumbers, placeholder as placeholderText } from "@codemirror/view";
import { useEffect, useLayoutEffect, useRef } from "react";
import { LONG_LINE, UNKNOWN_MOST } from "@/lib/long-lines";
import { nonce } from "@/lib/nonce";
import { inspectTemplate } from "@/lib/template";
import type { CodeEditorProps, Cursor } from "../CodeEditor";

const look = EditorView.theme({
  "&": { backgroundColor: "var(--panel)", color: "var(--fg)", fontSize: "13px", borderRadius: "6px", border: "1px solid var(--line-strong)" },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "0" },
  ".cm-scroller": { fontFamily: "var(--font-mono)", lineHeight: "1.65", overflow: "auto" },
  ".cm-content": { padding: "8px 0", caretColor: "var(--fg)" },
  ".cm-line": { padding: "0 12px 0 8px" },
  ".cm-gutters": { backgroundColor: "transparent", color: "var(--muted)", border: "none" },
  // As wide as beside the plain text, so that this does not move when the editor takes its place.
  ".cm-lineNumbers .cm-gutterElement": { padding: "0 4px 0 0", minWidth: "34px" },
  ".cm-activeLine": { backgroundColor: "transparent" },
  "&.cm-focused .cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--sunken) 70%, transparent)" },
  ".cm-activeLineGutter": { backgroundColor: "transparent" },
  ".cm-cursor": { borderLeftColor: "var(--fg)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "color-mix(in srgb, var(--accent) 24%, transparent)" },
  ".cm-slot": { backgroundColor: "var(--accent-soft)", color: "var(--accent)", fontWeight: "600", borderRadius: "3px", padding: "0 1px" },
  ".cm-slot-unknown": { backgroundColor: "var(--bad-soft)", color: "var(--bad)", fontWeight: "600", borderRadius: "3px", textDecoration: "underline wavy", textUnderlineOffset: "4px" },
  ".cm-placeholder": { color: "var(--muted)" },
  ".cm-tooltip": { backgroundColor: "var(--panel)", border: "none", borderRadius: "6px", boxShadow: "var(--float)", overflow: "hidden" },
  ".cm-tooltip-autocomplete > ul": { fontFamily: "var(--font-mono)", fontSize: "12px" },
  ".cm-tooltip-autocomplete > ul > li": { padding: "4px 10px" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--accent-soft)", color: "var(--fg)" },
  ".cm-diagnostic": { padding: "6px 10px", fontFamily: "var(--font-sans)", fontSize: "12px", maxWidth: "60ch" },
  ".cm-diagnostic-error": { borderLeft: "3px solid var(--bad)" },
  ".cm-diagnostic-warning": { borderLeft: "3px solid var(--warn)" },
  ".cm-panels": { backgroundColor: "var(--sunken)", color: "var(--fg)" },
  ".cm-searchMatch": { backgroundColor: "var(--warn-soft)" },
});

const fromEitherSide = Decoration.line({ attributes: { dir: "auto" } });

function linesInSight(view: EditorView): DecorationSet {
  const builder = new RangeSetBuilder<Decoration>();
  for (const { from, to } of view.visibleRanges) {
    for (let line = view.state.doc.lineAt(from); ; line = view.state.doc.line(line.number + 1)) {
      builder.add(line.from, line.from, fromEitherSide);
      if (line.to >= to) break;
    }
  }
  return builder.finish();
}

/** Each line runs as its script does; the keys and the cursor follow. */
const directions: Extension = [
  EditorView.perLineTextDirection.of(true),
  ViewPlugin.fromClass(
    class {
      decorations: DecorationSet;
      constructor(view: EditorView) {
        this.decorations = linesInSight(view);
      }
      update(update: ViewUpdate) {
        if (update.docChanged || update.viewportChanged) this.decorations = linesInSight(update.view);
      }
    },
    { decorations: (plugin) => plugin.decorations },
  ),
];

/** In a line whose marks would slow each key there are none. */
const isInLongLine = (state: EditorState, at: number) => state.doc.lineAt(at).length > LONG_LINE;

function slotMarks(known: readonly string[] | undefined): Extension {
  const mark = (view: EditorView): DecorationSet => {
    const builder = new RangeSetBuilder<Decoration>();
    for (const slot of inspectTemplate(view.state.doc.toString()).slots) {
      if (isInLongLine(view.state, slot.from)) continue;
      const isKnown = !known || known.includes(slot.name) || known.includes(slot.path[0] ?? "");
      builder.add(slot.from, slot.to, Decoration.mark({ class: isKnown ? "cm-slot" : "cm-slot-unknown" }));
    }
    return builder.finish();
  };
  return ViewPlugin.fromClass(
    class {
      decorations: DecorationSet;
      constructor(view: EditorView) {
        this.decorations = mark(view);
      }
      update(update: ViewUpdate) {
        if (update.docChanged) this.decorations = mark(update.view);
      }
    },
    { decorations: (plugin) => plugin.decorations },
  );
}

function templateFaults(known: readonly string[] | undefined): Extension {
  return linter((view): Diagnostic[] => {
    const text = view.state.doc.toString();
    const { slots, error } = inspectTemplate(text);
    const faults: Diagnostic[] = [];
    if (error) {
      const from = Math.min(error.at.from ?? 0, text.length);
      faults.push({ from, to: Math.min(from + 2, text.length), severity: "error", message: error.message });
    }
    let long = 0;
    for (const slot of known ? slots : []) {
      if (long >= UNKNOWN_MOST && isInLongLine(view.state, slot.from)) continue;
      if (!known?.includes(slot.name) && !known?.includes(slot.path[0] ?? "")) {
        if (isInLongLine(view.state, slot.from)) long++;
        faults.push({ from: slot.from, to: slot.to, severity: "warning", message: `'${slot.name}' is not among the variables.` });
      }
    }
    return faults;
  });
}

const jsonFaults: Extension = linter((view): Diagnostic[] => {
  const text = view.state.doc.toString();
  if (!text.trim()) return [];
  try {
    JSON.parse(text);
    return [];
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const at = Number(/position (\d+)/.exec(message)?.[1] ?? text.length);
    const from = Math.max(0, Math.min(at, text.length - 1));
    return [{ from, to: Math.min(from + 1, text.length), severity: "error", message: `This is no JSON: ${message}` }];
  }
});

function suggestVariables(known: readonly string[]): Extension {
  return autocompletion({
    icons: false,
    override: [
      (context: CompletionContext): CompletionResult | null => {
        const open = context.matchBefore(/\{\{\s*[\w.-]*$/);
        if (!open) return null;
        const typed = open.text.replace(/^\{\{\s*/, "");
        const closed = context.state.sliceDoc(context.pos, context.pos + 2) === "}}";
        return {
          from: open.to - typed.length,
          options: known.map((name) => ({ label: name, apply: closed ? name : `${name}}}` })),
          validFor: /^[\w.-]*$/,
        };
      },
    ],
  });
}

function languageOf({ language = "text", variables }: Pick<CodeEditorProps, "language" | "variables">): Extension {
  if (language === "template") return [directions, slotMarks(variables), templateFaults(variables), suggestVariables(variables ?? [])];
  if (language === "json") return [jsonFaults, bracketMatching(), closeBrackets()];
  return language === "text" ? directions : [bracketMatching(), closeBrackets()];
}

export default function CodeEditor({ value, onChange, label, language = "text", variables, readOnly = false, minLines = 6, maxLines = 30, placeholder, onSubmit, onSave, cursor }: CodeEditorProps & { cursor?: Cursor | null }) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const changing = useRef({ language: new Compartment(), frozen: new Compartment() });
  const latest = useRef({ onChange, onSubmit, onSave });
  useEffect(() => {
    latest.current = { onChange, onSubmit, onSave };
  });

  // Before anything else happens: it takes the place of a text that somebody may be writing in.
  useLayoutEffect(() => {
    if (!place.current) return undefined;
    const act = (name: "onSubmit" | "onSave") => () => {
      latest.current[name]?.();
      return Boolean(latest.current[name]);
    };
    const heights = EditorView.theme({ ".cm-content, .cm-gutter": { minHeight: `${minLines * 21.45 + 16}px` }, ".cm-scroller": { maxHeight: `${maxLines * 21.45 + 16}px` } });
    const made = new EditorView({
      parent: place.current,
      state: EditorState.create({
        doc: value,
        extensions: [
          EditorView.cspNonce.of(nonce()),
          lineNumbers(),
          history(),
          drawSelection(),
          highlightActiveLine(),
          EditorView.lineWrapping,
          // Tab leaves the editor, as everywhere else on the page: indentWithTab is not bound.
          keymap.of([{ key: "Mod-Enter", run: act("onSubmit") }, { key: "Mod-s", run: act("onSave") }, ...closeBracketsKeymap, ...completionKeymap, ...searchKeymap, ...historyKeymap, ...lintKeymap, ...defaultKeymap]),
          // Focusable as it is; the tabindex says so to tools that look whether a text that scrolls can be reached.
          EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0", spellcheck: language === "template" || language === "text" ? "true" : "false" }),
          placeholder ? placeholderText(placeholder) : [],
          changing.current.language.of(languageOf({ language, variables })),
          changing.current.frozen.of(EditorState.readOnly.of(readOnly)),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) latest.current.onChange?.(update.state.doc.toString());
          }),
          look,
          heights,
        ],
      }),
    });
    view.current = made;
    if (cursor) {
      // One was writing in the plain text that stood here: it goes on where it was.
      const most = made.state.doc.length;
      made.dispatch({ selection: { anchor: Math.min(cursor.from, most), head: Math.min(cursor.to, most) } });
      made.focus();
    }
    return () => {
      made.destroy();
      view.current = null;
    };
    // The editor is made once; what may change later is taken up below.
    // oxlint-disable-next-line react/exhaustive-deps
  }, []);

  useEffect(() => {
    const made = view.current;
    if (made && made.state.doc.toString() !== value) made.dispatch({ changes: { from: 0, to: made.state.doc.length, insert: value } });
  }, [value]);

  const names = variables?.join("\n");
  useEffect(() => {
    view.current?.dispatch({ effects: changing.current.language.reconfigure(languageOf({ language, variables: names === undefined ? undefined : names.split("\n") })) });
  }, [language, names]);

  useEffect(() => {
    view.current?.dispatch({ effects: changing.current.frozen.reconfigure(EditorState.readOnly.of(readOnly)) });
  }, [readOnly]);

  return <div ref={place} />;
}
