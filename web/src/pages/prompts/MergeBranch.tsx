import { type ReactNode, useId, useState } from "react";
import type { Schema } from "@/api/client";
import { useChange, useRead } from "@/api/hooks";
import { Badge, Field, FormDialog, Loaded, Section, Select, SkeletonText, Textarea, tellWarnings, toast } from "@/kit";
import { classes } from "@/lib/classes";
import { plural } from "@/lib/format";
import { Comparison } from "./Comparison";
import { contentOf } from "./content";
import { MAIN, nameOfLine } from "./line";
import { type Conflict, type Decided, type Side, kindOf, nameOfPart, resolutionOf, written } from "./resolution";

const AGAIN = { invalidates: ["/v1/prompts"] };
const NEVER_OLD = { staleTime: Number.POSITIVE_INFINITY };

type Decisions = Readonly<Record<string, Decided>>;
type Names = { ours: string; theirs: string };
type Line = { branch: string; version: number };

/** The lines as they stood when the dialog opened: what is saved meanwhile is not what one looks at. The first is the main one. */
function useLines(slug: string, newest: number) {
  const found = useRead("/v1/prompts/{slug}/branches", { path: { slug } });
  const [lines, setLines] = useState<Line[] | null>(null);
  if (!lines && found.data && !found.isFetching) setLines([{ branch: MAIN, version: newest }, ...found.data.data.filter((one) => one.branch !== MAIN)]);
  return { found, lines };
}

/** Brings one line into another: what both changed differently is decided here, part by part, before anything is saved. */
export function MergeBranch({ slug, newest, onClose, onSaved }: { slug: string; newest: number; onClose: () => void; onSaved: (version: number) => void }) {
  const { found, lines } = useLines(slug, newest);
  const [chosen, setChosen] = useState({ from: "", into: MAIN });
  const into = lines?.find((one) => one.branch === chosen.into);
  const others = (lines ?? []).filter((one) => one !== into);
  const from = others.find((one) => one.branch === chosen.from) ?? others.find((one) => one.branch !== MAIN) ?? others[0];
  const [decided, setDecided] = useState<Decisions>({});
  const merge = useChange("post", "/v1/prompts/{slug}/merge", AGAIN);
  const preview = useRead("/v1/prompts/{slug}/versions/{a}/merge/{b}", { path: { slug, a: into?.version ?? newest, b: from?.version ?? newest } }, { enabled: into !== undefined && from !== undefined });
  const conflicts = preview.data?.conflicts ?? [];
  const resolutions = conflicts.flatMap((one) => {
    const read = resolutionOf(one, decided[one.part]);
    return "resolution" in read ? [read.resolution] : [];
  });
  const open = conflicts.length - resolutions.length;
  const choose = (next: Partial<typeof chosen>) => {
    setChosen((before) => ({ ...before, ...next }));
    setDecided({});
  };
  const done = (made: Schema<"MergeAnswer">) => {
    const { version, outcome } = made;
    onClose();
    const place = nameOfLine(into?.branch ?? MAIN);
    toast(outcome === "nothing_to_do" ? `v${version} has all of it already` : outcome === "moved" ? `${place.charAt(0).toUpperCase()}${place.slice(1)} stands at v${version}` : outcome === "identical" ? `v${version} says exactly this already` : `v${version} is saved on ${place}: both together`);
    if (made.is_new !== false) tellWarnings(made);
    onSaved(version);
  };
  const submit = () => {
    if (!into || !from) return;
    merge.mutate({ path: { slug }, body: { version: from.version, into: into.branch, base_version: into.version, message: "", resolutions } }, { onSuccess: done });
  };
  const options = (of: readonly Line[]) => of.map((one) => ({ value: one.branch, label: `${one.branch}, at v${one.version}` }));
  return (
    <FormDialog wide open onOpenChange={(open) => !open && onClose()} title="Merge a branch" description={into && from ? `Into ${nameOfLine(into.branch)}, which stands at v${into.version}. No label moves.` : "What two lines say, brought together. No label moves."} submit="Merge" busy={merge.isPending} error={merge.error} disabled={!from || !preview.data || preview.isPlaceholderData || open > 0} missing={open > 0 ? `${plural(open, "part")} still to decide.` : undefined} onSubmit={submit}>
      <Loaded of={found}>
        {() =>
          !lines ? (
            <SkeletonText lines={4} />
          ) : into && from ? (
            <>
              <div className="grid gap-4 sm:grid-cols-2">
                <Field label="Merge">
                  <Select value={from.branch} onChange={(next) => choose({ from: next })} options={options(others)} />
                </Field>
                <Field label="Into">
                  <Select value={into.branch} onChange={(next) => choose({ into: next, from: next === from.branch ? into.branch : from.branch })} options={options(lines)} />
                </Field>
              </div>
              <Loaded of={preview}>{(one) => <Preview slug={slug} found={one} names={{ ours: into.branch, theirs: from.branch }} decided={decided} onDecide={(part, what) => setDecided((before) => ({ ...before, [part]: what }))} />}</Loaded>
            </>
          ) : (
            <p className="text-13 text-muted">There is no branch yet: begin one from a version.</p>
          )
        }
      </Loaded>
    </FormDialog>
  );
}

function Preview({ slug, found, names, decided, onDecide }: { slug: string; found: Schema<"MergePreview">; names: Names; decided: Decisions; onDecide: (part: string, what: Decided) => void }) {
  const ours = useRead("/v1/prompts/{slug}/versions/{version}", { path: { slug, version: found.ours } }, NEVER_OLD);
  const told: Record<Side, string> = { base: `v${found.ancestor_version}, before both`, ours: `${names.ours} v${found.ours}`, theirs: `${names.theirs} v${found.theirs}` };
  return (
    <>
      {found.conflicts.length > 0 ? (
        <Section title="Both changed" description="Choose what is to stand, part by part, or write it yourself.">
          {found.conflicts.map((one) => (
            <Part key={one.part} conflict={one} names={told} decided={decided[one.part]} onDecide={(what) => onDecide(one.part, what)} />
          ))}
        </Section>
      ) : null}
      <Section title={found.conflicts.length > 0 ? "What is merged besides" : "What comes of it"}>
        <Loaded of={ours}>{(one) => <Comparison before={contentOf(one)} after={contentOf(found.content)} beforeName={`v${found.ours}`} afterName="merged" />}</Loaded>
      </Section>
    </>
  );
}

const SIDES = ["base", "ours", "theirs"] as const;

/** One part that both changed: what stood before, what each made of it, and a place to write what neither has. */
function Part({ conflict, names, decided, onDecide }: { conflict: Conflict; names: Record<Side, string>; decided: Decided | undefined; onDecide: (what: Decided) => void }) {
  const name = nameOfPart(conflict.part);
  const kind = kindOf(conflict);
  const group = useId();
  const isOwn = decided !== undefined && "own" in decided;
  const found = resolutionOf(conflict, decided);
  const writeOwn = () => onDecide({ own: written(decided && "take" in decided ? conflict[decided.take] : conflict.ours, kind) });
  return (
    <fieldset className="flex min-w-0 flex-col gap-2 rounded-m border border-line p-3">
      <legend className="sr-only">What stands: {name}</legend>
      <p className="flex flex-wrap items-center gap-2 text-13 font-medium">
        {name} {decided === undefined ? <Badge tone="warn">to decide</Badge> : null}
      </p>
      {SIDES.map((side) => (
        <Choice key={side} group={group} name={names[side]} isChosen={decided !== undefined && "take" in decided && decided.take === side} onChoose={() => onDecide({ take: side })}>
          <Value value={conflict[side]} kind={kind} />
        </Choice>
      ))}
      {kind === null ? (
        <p className="text-12 text-muted">These lines go beyond one message: take a side, and edit what came of it.</p>
      ) : (
        <Choice group={group} name="A text of your own" isChosen={isOwn} onChoose={writeOwn}>
          {isOwn ? (
            <Field label={`What stands: ${name}`} hideLabel hint={kind === "json" ? "As JSON. Where it is empty, nothing stands there." : "Where it is empty, nothing stands there."} error={"fault" in found ? found.fault : undefined}>
              <Textarea mono rows={3} value={decided.own} onChange={(event) => onDecide({ own: event.target.value })} />
            </Field>
          ) : null}
        </Choice>
      )}
    </fieldset>
  );
}

function Choice({ group, name, isChosen, onChoose, children }: { group: string; name: string; isChosen: boolean; onChoose: () => void; children: ReactNode }) {
  const id = useId();
  return (
    <div className={classes("flex min-w-0 flex-col gap-1 border-l-2 pl-3", isChosen ? "border-accent" : "border-line")}>
      <span className="flex items-center gap-2 text-12">
        <input type="radio" id={id} name={group} checked={isChosen} onChange={onChoose} className="size-4 shrink-0 accent-accent" />
        <label htmlFor={id} className={classes("wrap-anywhere", isChosen ? "font-medium" : "text-muted")}>
          {name}
        </label>
      </span>
      {children}
    </div>
  );
}

function Value({ value, kind }: { value: unknown; kind: "text" | "json" | null }) {
  if (value === null || value === undefined) return <p className="text-12 text-muted">Nothing stands there.</p>;
  return <pre className="rounded-s bg-sunken px-2 py-1 font-mono text-12 whitespace-break-spaces wrap-anywhere">{written(value, kind)}</pre>;
}
