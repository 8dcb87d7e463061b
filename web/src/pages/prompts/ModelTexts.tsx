import { Plus, Trash2 } from "lucide-react";
import { Button, Field, IconButton, Input, Section } from "@/kit";
import { Messages } from "./Messages";
import type { Content, Variant } from "./content";

type ModelTextsProps = { content: Content; set: (changes: Partial<Content>) => void; variables: readonly string[]; readOnly: boolean; faultAt: string | null; onRun: () => void; onSave: () => void };

/** Texts that certain models get in place of the one above. Settings and variables stay the version's. */
export function ModelTexts({ content, set, variables, readOnly, faultAt, onRun, onSave }: ModelTextsProps) {
  const variants = content.variants ?? [];
  const put = (next: Variant[]) => set({ variants: next.length > 0 ? next : undefined });
  const change = (index: number, changes: Partial<Variant>) => put(variants.map((one, at) => (at === index ? { ...one, ...changes } : one)));
  const add = (
    <Button size="s" icon={<Plus size={14} aria-hidden />} onClick={() => put([...variants, { model: "", messages: structuredClone(content.messages) }])}>
      Add a text for a model
    </Button>
  );
  if (variants.length === 0) return readOnly ? null : <div>{add}</div>;
  return (
    <Section title="Texts for certain models" description="Such a model gets its own text, whichever way it comes to be asked; the exact name wins over a beginning with a *. Settings and variables are the version's." actions={readOnly ? null : add}>
      {variants.map((variant, index) => (
        <section key={index} aria-label={`Text for ${variant.model || "a model"}`} className="flex flex-col gap-3 rounded-l border border-line p-3">
          <div className="flex items-end justify-between gap-3">
            <Field label="Model" hint="Its name, or a beginning with a *: anthropic/*" className="w-full max-w-sm">
              <Input mono value={variant.model} readOnly={readOnly} maxLength={200} onChange={(event) => change(index, { model: event.target.value })} placeholder="anthropic/*" />
            </Field>
            {readOnly ? null : <IconButton label={`Take out the text for ${variant.model || "this model"}`} icon={<Trash2 size={14} aria-hidden />} onClick={() => put(variants.filter((_, at) => at !== index))} />}
          </div>
          <Messages messages={variant.messages} onChange={(messages) => change(index, { messages })} variables={variables} readOnly={readOnly} faultAt={faultAt?.startsWith(`variants[${index}].`) ? faultAt.slice(`variants[${index}].`.length) : null} onRun={onRun} onSave={onSave} of={`for ${variant.model || `model ${index + 1}`}`} />
        </section>
      ))}
    </Section>
  );
}
