import { X } from "lucide-react";
import { useState } from "react";
import { labelOf, useMemberChoices } from "@/api/members";
import { CHIP, CHIPS, Combobox, IconButton, takeChip } from "@/kit";

type Words = { /** Who is chosen: "Mentioned". */ list: string; /** Before a name: "Do not mention". */ remove: string; /** "Mention a member". */ pick: string };
type Props = { words: Words; /** Who was chosen before. */ begun?: readonly { user_id: string; name?: string | null }[]; chosen: readonly string[]; disabled?: boolean; onChange: (ids: string[]) => void };

/** Some members, such as those who are told of a comment beside whoever's address stands in it. */
export function PickMembers({ words, begun = [], chosen, disabled = false, onChange }: Props) {
  // Whoever is chosen keeps the name, also when one looks for somebody else.
  const [names, setNames] = useState<ReadonlyMap<string, string>>(() => new Map(begun.map((one) => [one.user_id, one.name || "A member"])));
  const { members, ...found } = useMemberChoices(chosen, { enabled: !disabled });
  const nameOf = (id: string) => names.get(id) ?? "A member";
  const add = (id: string) => {
    const one = members.find((member) => member.user_id === id);
    if (one) setNames((before) => new Map(before).set(id, labelOf(one)));
    onChange([...chosen, id]);
  };
  return (
    <div {...CHIPS} className="flex flex-wrap items-center gap-2">
      {chosen.length > 0 ? (
        <ul aria-label={words.list} className="flex flex-wrap gap-1">
          {chosen.map((id) => (
            <li key={id} className="inline-flex items-center rounded-s bg-accent-soft pl-2 text-12 text-accent">
              {nameOf(id)}
              <IconButton {...CHIP} size="s" label={`${words.remove} ${nameOf(id)}`} icon={<X size={12} aria-hidden />} disabled={disabled} onClick={(event) => takeChip(event, nameOf(id), () => onChange(chosen.filter((one) => one !== id)))} />
            </li>
          ))}
        </ul>
      ) : null}
      <Combobox label={words.pick} value={null} placeholder={`${words.pick}…`} {...found} disabled={disabled} onChange={(id) => (id ? add(id) : undefined)} className="w-52" />
    </div>
  );
}
