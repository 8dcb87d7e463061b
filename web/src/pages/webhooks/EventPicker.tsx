import { useEffect, useRef } from "react";
import { Lines } from "@/kit";
import { classes } from "@/lib/classes";
import { type Group, type Kind, groupsOf, isChosen, stateOf, withGroup, withKind } from "./events";

/** Which events: everything, whole groups, or one by one. */
export function EventPicker({ kinds, value, onChange, error }: { kinds: readonly Kind[]; value: readonly string[]; onChange: (patterns: string[]) => void; error?: string }) {
  const groups = groupsOf(kinds);
  const alone = kinds.filter((one) => one.by_name_alone).map((one) => one.type);
  const everything = value.includes("*");
  return (
    <fieldset className="flex min-w-0 flex-col gap-2" aria-describedby={error ? "events-error" : undefined}>
      <legend className="mb-1 text-13 font-medium">Events</legend>
      <div className="overflow-hidden rounded-m border border-line-strong/60">
        <label className="flex min-h-9 cursor-pointer items-center gap-2.5 border-b border-line bg-sunken px-3 py-1.5 text-13">
          <input type="checkbox" checked={everything} onChange={() => onChange(everything ? value.filter((one) => one !== "*") : ["*", ...value.filter((one) => alone.includes(one))])} className="size-4 shrink-0 accent-accent" />
          <span>
            Everything, also what comes later
            {alone.length > 0 ? <span className="text-muted">; {alone.join(", ")} only where it is chosen below</span> : null}
          </span>
        </label>
        <Lines label="Events by group" className="max-h-72 overflow-y-auto">
          {groups.map((group) => (
            <li key={group.name} className="flex flex-col gap-x-3 gap-y-1 border-b border-line px-3 py-1.5 last:border-b-0 sm:flex-row sm:items-start">
              <Whole group={group} state={stateOf(value, group)} onToggle={() => onChange(withGroup(value, group, groups))} />
              <span className="flex min-w-0 flex-1 flex-wrap gap-1 max-sm:pl-6.5">
                {group.kinds.map((kind) => (
                  <One key={kind.type} kind={kind} group={group} on={isChosen(value, kind)} onToggle={() => onChange(withKind(value, kind, groups))} />
                ))}
              </span>
            </li>
          ))}
        </Lines>
      </div>
      {error ? (
        <p id="events-error" role="alert" className="text-12 text-bad">
          {error}
        </p>
      ) : null}
    </fieldset>
  );
}

function Whole({ group, state, onToggle }: { group: Group; state: "all" | "some" | "none"; onToggle: () => void }) {
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (box.current) box.current.indeterminate = state === "some";
  }, [state]);
  return (
    <label className="flex h-6 w-36 shrink-0 cursor-pointer items-center gap-2.5 text-13 font-medium">
      <input ref={box} type="checkbox" checked={state === "all"} onChange={onToggle} className="size-4 shrink-0 accent-accent" />
      {group.title}
    </label>
  );
}

function One({ kind, group, on, onToggle }: { kind: Kind; group: Group; on: boolean; onToggle: () => void }) {
  const name = kind.type.slice(group.name.length + 1);
  return (
    <button
      type="button"
      aria-pressed={on}
      aria-label={kind.type}
      title={kind.description}
      onClick={onToggle}
      className={classes("inline-flex h-6 items-center rounded-s border px-1.5 font-mono text-12", on ? "border-accent bg-accent-soft text-fg" : "border-line-strong/50 text-muted hover:border-line-strong hover:text-fg")}
    >
      {name}
    </button>
  );
}
