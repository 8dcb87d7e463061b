import { useMemo, useState } from "react";
import { type Base, type Content, type Read, changedFields, contentOf, mergedOnto, readTemplate } from "./content";
import { MAIN } from "./line";

export type Draft = {
  /** The line that it is saved on: `MAIN`, or a branch. */
  line: string;
  /** The newest version of the line that the draft knows of, and lies over. */
  base: Base;
  content: Content;
  /** Another number with each content that did not come from typing: what is half written in a field belongs to one of them. */
  turn: number;
  changed: string[];
  template: Read;
  /** JSON that cannot be read, by what it is. Nothing is saved meanwhile. */
  faults: Record<string, string>;
  /** Its text, as far as it is written. */
  unread: Record<string, string>;
  set: (changes: Partial<Content>) => void;
  setFault: (what: string, fault: string | null, text?: string) => void;
  /** Another content over another base: after looking at a newer version, or to go on from an older one. It stays on its line where none is named. */
  start: (base: Base, content: Content, line?: string) => void;
  /** Where the line stands by now: a draft in which nothing is changed goes there. */
  follow: (tip: Base) => void;
  /** `sent` is saved as this version. What was written since it was sent stays, as changes over it. */
  saved: (version: Base, sent: Content) => void;
};

export type State = { line: string; base: Base; content: Content; faults: Record<string, string>; unread: Record<string, string>; turn: number };

/** What is being written over the newest version of a line. While nothing is changed it follows newer versions by itself; after that it never does. */
export function useDraft(newest: Base, kept: State | null = null): Draft {
  const [state, setState] = useState<State>(() => (kept ? { ...kept, line: kept.line ?? MAIN, unread: kept.unread ?? {} } : { line: MAIN, base: newest, content: contentOf(newest), faults: {}, unread: {}, turn: 0 }));
  const { line } = state;
  const changed = useMemo(() => changedFields(contentOf(state.base), state.content), [state]);
  const template = useMemo(() => readTemplate(state.content), [state.content]);
  const follow = (tip: Base) => {
    if (changed.length === 0 && Object.keys(state.faults).length === 0 && tip.version > state.base.version) setState(begun(tip, contentOf(tip), line));
  };
  if (line === MAIN) follow(newest);
  return {
    ...state,
    changed,
    template,
    follow,
    set: (changes) => setState((before) => ({ ...before, content: withChanges(before.content, changes) })),
    setFault: (what, fault, text) => setState((before) => ({ ...before, faults: withOrWithout(before.faults, what, fault), unread: withOrWithout(before.unread, what, fault === null ? null : (text ?? null)) })),
    start: (base, content, on = line) => setState(begun(base, content, on)),
    saved: (version, sent) =>
      setState((before) => {
        // It went to another line meanwhile, and lies over what stands there.
        if (before.line !== line) return before;
        const hasGoneOn = before.content !== sent || Object.keys(before.faults).length > 0;
        return hasGoneOn ? { ...before, base: version, content: mergedOnto(sent, contentOf(version), before.content, new Set()) } : begun(version, contentOf(version), line)(before);
      }),
  };
}

function begun(base: Base, content: Content, line: string): (before: State) => State {
  return (before) => ({ line, base, content, faults: {}, unread: {}, turn: before.turn + 1 });
}

function withChanges(content: Content, changes: Partial<Content>): Content {
  const next = { ...content, ...changes };
  for (const [field, value] of Object.entries(changes)) if (value === undefined || value === null || value === "") delete next[field];
  return next as Content;
}

function withOrWithout(known: Record<string, string>, what: string, text: string | null): Record<string, string> {
  const { [what]: _, ...others } = known;
  return text === null ? others : { ...others, [what]: text };
}
