import { type KeyboardEvent, type RefObject, type SyntheticEvent, useEffect, useId, useLayoutEffect, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { labelOf, useMembersOf } from "@/api/members";
import { Textarea, announce } from "@/kit";
import type { Choice } from "@/kit/Combobox";
import { Floating, useClosing } from "@/kit/Floating";
import { classes } from "@/lib/classes";
import { count } from "@/lib/format";
import { typedAt, withMention } from "./mentions";

const OFFERED_MOST = 8;
const NOBODY: readonly string[] = [];

type Props = {
  field: RefObject<HTMLTextAreaElement | null>;
  label: string;
  autoFocus: boolean;
  value: string;
  readOnly: boolean;
  onChange: (text: string) => void;
  /** Somebody without an address was taken: the text cannot name them. */
  onNamed: (id: string) => void;
};

/** A text in which @ and a part of a name or address offers members (the listbox of a text field: arrows, Enter or Tab, Escape). */
export function MentionText({ field, label, autoFocus, value, readOnly, onChange, onNamed }: Props) {
  const [caret, setCaret] = useState<number | null>(null);
  const [leftAt, setLeft] = useState<number | null>(null);
  const [at, setAt] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const id = useId();
  const typed = caret === null || readOnly ? null : typedAt(value, caret);
  const isAsked = typed !== null && typed.start !== leftAt;
  const { choices: found, members } = useMembersOf(isAsked ? typed.words : "", NOBODY, { enabled: isAsked });
  const choices = isAsked ? found.slice(0, OFFERED_MOST) : [];
  const isOpen = choices.length > 0;
  const marked = Math.min(at, choices.length - 1);
  useClosing(isOpen, [field, list], (by) => (by === "escape" && typed ? setLeft(typed.start) : setCaret(null)));
  useEffect(() => {
    if (isOpen) announce(choices.length === 1 ? "1 member: Enter mentions them" : `${count(choices.length)} members: arrow keys choose, Enter mentions`);
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- said when their number changes
  }, [isOpen, choices.length]);
  const follow = (event: SyntheticEvent<HTMLTextAreaElement>) => {
    const { selectionStart, selectionEnd } = event.currentTarget;
    setCaret(selectionStart === selectionEnd ? selectionStart : null);
  };
  const take = (choice: Choice | undefined) => {
    const member = members.find((one) => one.user_id === choice?.value);
    if (!member || !typed || caret === null) return;
    const put = withMention(value, typed.start, caret, member.email ? `@${member.email}` : labelOf(member));
    if (!member.email) onNamed(member.user_id);
    flushSync(() => {
      onChange(put.text);
      setCaret(null);
      setAt(0);
    });
    field.current?.focus();
    field.current?.setSelectionRange(put.caret, put.caret);
  };
  const press = (event: KeyboardEvent) => {
    if (!isOpen || event.nativeEvent.isComposing || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) setAt((marked + step + choices.length) % choices.length);
    else if (event.key === "Enter" || event.key === "Tab") take(choices[marked]);
    else return;
    event.preventDefault();
  };
  return (
    <>
      <Textarea
        ref={field}
        aria-label={label}
        aria-autocomplete="list"
        aria-haspopup="listbox"
        aria-controls={isOpen ? id : undefined}
        aria-activedescendant={isOpen ? `${id}-${marked}` : undefined}
        autoFocus={autoFocus}
        rows={2}
        value={value}
        maxLength={10_000}
        readOnly={readOnly}
        placeholder="@ and a name or e-mail address mentions a member"
        onChange={(event) => {
          onChange(event.target.value);
          follow(event);
          setAt(0);
          if (leftAt !== null && event.target.value[leftAt] !== "@") setLeft(null);
        }}
        onSelect={follow}
        onKeyDown={press}
        onBlur={() => setCaret(null)}
        className="w-full"
      />
      {isOpen ? (
        <Floating ref={list} data-floating anchor={field} align="start" className="appear w-72 max-w-[calc(100vw-16px)] overflow-y-auto rounded-l bg-panel p-1 text-fg shadow-float outline-none">
          <div role="listbox" id={id} aria-label="Members">
            {choices.map((one, index) => (
              <Offered key={one.value} id={`${id}-${index}`} member={one} isMarked={index === marked} onTake={() => take(one)} />
            ))}
          </div>
        </Floating>
      ) : null}
    </>
  );
}

function Offered({ id, member, isMarked, onTake }: { id: string; member: Choice; isMarked: boolean; onTake: () => void }) {
  const place = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => {
    if (isMarked) place.current?.scrollIntoView({ block: "nearest" });
  }, [isMarked]);
  return (
    <button
      ref={place}
      type="button"
      tabIndex={-1}
      id={id}
      role="option"
      aria-selected={isMarked}
      // The focus stays in the text.
      onPointerDown={(event) => event.preventDefault()}
      onMouseDown={(event) => event.preventDefault()}
      onClick={onTake}
      className={classes("flex w-full min-h-8 text-left cursor-pointer flex-col justify-center rounded-m px-2 py-1 text-13 finger:min-h-10 hover:bg-sunken", isMarked && "bg-sunken")}
    >
      <span className="truncate">{member.label}</span>
      {member.hint ? <span className="truncate text-12 text-muted">{member.hint}</span> : null}
    </button>
  );
}
