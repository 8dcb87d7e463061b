import { useQueryClient } from "@tanstack/react-query";
import { Plus, X } from "lucide-react";
import { useRef, useState } from "react";
import type { Schema } from "@/api/client";
import { invalidate, read, useChange } from "@/api/hooks";
import { useMay } from "@/api/session";
import { useUnsaved } from "@/api/unsaved";
import { Button, Field, FormError, IconButton, KeptAtTheEnd, Meanwhile, Section, Textarea, errorFor, toast, toastError } from "@/kit";
import { whyNot } from "./why";
import { useShown } from "./shown";

type Prompt = Schema<"PromptAnswer">;
type Lists = Pick<Prompt, "locked_blocks" | "rules">;

const MOST = 50;
const NOTHING = { from: {}, now: {} };
const KINDS = [
  { name: "locked_blocks", one: "Locked block", many: "Locked blocks", hint: "Word for word. Each must stand in the newest version.", add: "Add a locked block", none: "No text is locked.", rows: 3, longest: 20_000 },
  { name: "rules", one: "Rule", many: "Rules", hint: "In words, such as “answer in the customer’s language”. One that stands in the text as a line of its own stays there.", add: "Add a rule", none: "No rule is stated.", rows: 2, longest: 2_000 },
] as const;

const same = (a: readonly string[] | undefined, b: readonly string[] | undefined) => JSON.stringify(a) === JSON.stringify(b);

/** What searches for a better text, and those that shorten it, leave as it is. */
export function Kept({ prompt }: { prompt: Prompt }) {
  const may = useMay();
  const stands: Lists = { locked_blocks: prompt.locked_blocks, rules: prompt.rules };
  // Only the list that was typed in, and from what one began: the other follows what others save, and what they save of this one is told.
  const [typed, setTyped] = useState<{ from: Partial<Lists>; now: Partial<Lists> }>(NOTHING);
  const change = useChange("patch", "/v1/prompts/{slug}", { invalidates: ["/v1/prompts"] });
  const now: Lists = { ...stands, ...typed.now };
  const whole: Partial<Lists> = Object.fromEntries(KINDS.flatMap(({ name }) => (typed.now[name] ? [[name, withoutBlank(typed.now[name])]] : [])));
  const changed = Object.fromEntries(KINDS.flatMap(({ name }) => (whole[name] && !same(whole[name], stands[name]) ? [[name, whole[name]]] : [])));
  const isChanged = Object.keys(changed).length > 0;
  useUnsaved(isChanged, prompt.slug);
  const put = (name: keyof Lists, texts: string[]) => setTyped({ from: { [name]: stands[name], ...typed.from }, now: { ...typed.now, [name]: texts } });
  const queries = useQueryClient();
  const show = useShown(prompt.slug);
  const [isLooking, setLooking] = useState(false);
  /** Whether somebody changed meanwhile what this would replace, and nobody was told yet: this page hears of versions and labels by itself, not of settings. */
  const isNews = async () => {
    setLooking(true);
    try {
      const fresh = (await read("/v1/prompts/{slug}", { path: { slug: prompt.slug } })) as Prompt;
      const differs = KINDS.some(({ name }) => changed[name] && !same(fresh[name], stands[name]));
      if (differs) await invalidate(queries, ["/v1/prompts"]);
      return differs;
    } finally {
      setLooking(false);
    }
  };
  const save = async () => {
    setTyped({ ...typed, now: whole });
    if (await isNews()) return;
    change.mutate({ path: { slug: prompt.slug }, body: changed }, { onSuccess: (kept) => (show(kept, Object.keys(changed)), setTyped((later) => since(later, { ...stands, ...changed })), toast("Saved")) });
  };
  return (
    <Section framed title="What stays as it is" description="Searches for a better text and shortening keep to it.">
      <form
        className="flex flex-col gap-5"
        onSubmit={(event) => {
          event.preventDefault();
          void save().catch(toastError);
        }}
      >
        <KeptAtTheEnd title={`What stays as it is in ${prompt.slug}`} isChanged={isChanged} />
        <Meanwhile show={!change.isPending && KINDS.some(({ name }) => typed.from[name] && !same(typed.from[name], stands[name]))} onTake={() => setTyped(NOTHING)} />
        {KINDS.map((kind) => (
          <Texts key={kind.name} {...kind} texts={now[kind.name]} onChange={may.editPrompts ? (texts) => put(kind.name, texts) : undefined} why={whyNot(may)} error={change.error} />
        ))}
        <FormError error={change.error} />
        <div>
          <Button type="submit" variant="primary" busy={change.isPending || isLooking} disabled={!may.editPrompts || !isChanged} why={may.editPrompts ? "Nothing has changed." : whyNot(may)}>
            Save what stays
          </Button>
        </div>
      </form>
    </Section>
  );
}

/** What was typed after `saved` was sent, over that. */
function since({ from, now }: { from: Partial<Lists>; now: Partial<Lists> }, saved: Lists) {
  const later = KINDS.filter(({ name }) => now[name] && !same(now[name], saved[name]));
  const only = (lists: Partial<Lists>) => Object.fromEntries(later.map(({ name }) => [name, lists[name]]));
  return { from: { ...only(from), ...only(saved) }, now: only(now) };
}

function withoutBlank(texts: readonly string[]): string[] {
  return texts.filter((one) => one.trim() !== "");
}

type TextsProps = (typeof KINDS)[number] & { texts: readonly string[]; /** Left out: one may only read. */ onChange?: (texts: string[]) => void; why?: string; error: unknown };

function Texts({ name, one, many, hint, add, none, rows, longest, texts, onChange, why, error }: TextsProps) {
  const place = useRef<HTMLFieldSetElement>(null);
  const adds = useRef(false);
  const takeAway = (at: number) => {
    onChange?.(texts.filter((_, index) => index !== at));
    // What had the focus is gone with it.
    place.current?.querySelector<HTMLElement>("[data-add]")?.focus();
  };
  return (
    <fieldset ref={place} className="flex min-w-0 flex-col gap-2">
      <legend className="mb-1 text-13 font-semibold">{many}</legend>
      <p className="-mt-1 text-12 text-muted">{hint}</p>
      {texts.length === 0 ? <p className="text-13 text-muted">{none}</p> : null}
      {texts.map((text, at) => (
        // oxlint-disable-next-line react/no-array-index-key -- the place is all that tells two of them apart
        <div key={at} className="flex items-start gap-1">
          <Field label={`${one} ${at + 1}`} hideLabel className="flex-1" error={errorFor(error, `${name}[${at}]`)}>
            <Textarea
              rows={rows}
              maxLength={longest}
              readOnly={!onChange}
              value={text}
              autoFocus={adds.current && at === texts.length - 1}
              onChange={(event) => onChange?.(texts.map((was, index) => (index === at ? event.target.value : was)))}
              className="min-h-14!"
            />
          </Field>
          {onChange ? <IconButton size="s" label={`Take ${one.toLowerCase()} ${at + 1} away`} icon={<X size={14} aria-hidden />} onClick={() => takeAway(at)} /> : null}
        </div>
      ))}
      <div>
        <Button
          size="s"
          data-add
          icon={<Plus size={12} aria-hidden />}
          onClick={() => {
            adds.current = true;
            onChange?.([...texts, ""]);
          }}
          disabled={!onChange || texts.length >= MOST}
          why={onChange ? `There are ${MOST}, which is the most.` : why}
        >
          {add}
        </Button>
      </div>
    </fieldset>
  );
}
