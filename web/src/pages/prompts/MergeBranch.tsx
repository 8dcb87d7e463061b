import { useState } from "react";
import type { Schema } from "@/api/client";
import { useChange, useRead } from "@/api/hooks";
import { Badge, Field, FormDialog, Loaded, Section, Segments, Select, SkeletonText, toast } from "@/kit";
import { Comparison } from "./Comparison";
import { contentOf, nameOf } from "./content";
import { MAIN, nameOfLine } from "./line";

const AGAIN = { invalidates: ["/v1/prompts"] };
const NEVER_OLD = { staleTime: Number.POSITIVE_INFINITY };

type Side = "ours" | "theirs" | "base";
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
  const [taken, setTaken] = useState<Readonly<Record<string, Side>>>({});
  const merge = useChange("post", "/v1/prompts/{slug}/merge", AGAIN);
  const preview = useRead("/v1/prompts/{slug}/versions/{a}/merge/{b}", { path: { slug, a: into?.version ?? newest, b: from?.version ?? newest } }, { enabled: into !== undefined && from !== undefined });
  const conflicts = preview.data?.conflicts ?? [];
  const isOpen = conflicts.some(({ part }) => !taken[part]);
  const choose = (next: Partial<typeof chosen>) => {
    setChosen((before) => ({ ...before, ...next }));
    setTaken({});
  };
  const done = ({ version, outcome }: { version: number; outcome: string }) => {
    onClose();
    const place = nameOfLine(into?.branch ?? MAIN);
    toast(outcome === "nothing_to_do" ? `v${version} has all of it already` : outcome === "moved" ? `${place.charAt(0).toUpperCase()}${place.slice(1)} stands at v${version}` : outcome === "identical" ? `v${version} says exactly this already` : `v${version} is saved on ${place}: both together`);
    onSaved(version);
  };
  const submit = () => {
    if (!into || !from) return;
    merge.mutate({ path: { slug }, body: { version: from.version, into: into.branch, base_version: into.version, message: "", resolutions: conflicts.map(({ part }) => ({ part, take: taken[part] ?? null })) } }, { onSuccess: done });
  };
  const options = (of: readonly Line[]) => of.map((one) => ({ value: one.branch, label: `${one.branch}, at v${one.version}` }));
  return (
    <FormDialog wide open onOpenChange={(open) => !open && onClose()} title="Merge a branch" description={into && from ? `Into ${nameOfLine(into.branch)}, which stands at v${into.version}. No label moves.` : "What two lines say, brought together. No label moves."} submit="Merge" busy={merge.isPending} error={merge.error} disabled={!from || !preview.data || preview.isPlaceholderData || isOpen} onSubmit={submit}>
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
              <Loaded of={preview}>{(one) => <Preview slug={slug} found={one} names={{ ours: into.branch, theirs: from.branch }} taken={taken} onTake={(part, side) => setTaken((before) => ({ ...before, [part]: side }))} />}</Loaded>
            </>
          ) : (
            <p className="text-13 text-muted">There is no branch yet: begin one from a version.</p>
          )
        }
      </Loaded>
    </FormDialog>
  );
}

function Preview({ slug, found, names, taken, onTake }: { slug: string; found: Schema<"MergePreview">; names: { ours: string; theirs: string }; taken: Readonly<Record<string, Side>>; onTake: (part: string, side: Side) => void }) {
  const ours = useRead("/v1/prompts/{slug}/versions/{version}", { path: { slug, version: found.ours } }, NEVER_OLD);
  return (
    <>
      {found.conflicts.length > 0 ? (
        <Section title="Both changed" description="Choose what is to stand, part by part.">
          {found.conflicts.map((one) => (
            <div key={one.part} className="flex flex-col gap-2 rounded-m border border-line p-3">
              <div className="flex flex-wrap items-center justify-between gap-2">
                <span className="flex items-center gap-2 text-13 font-medium">
                  {partName(one.part)} {taken[one.part] ? null : <Badge tone="warn">to decide</Badge>}
                </span>
                <Segments
                  label={`What stands: ${partName(one.part)}`}
                  value={taken[one.part] ?? ("" as Side)}
                  onChange={(side) => onTake(one.part, side)}
                  options={[
                    { value: "ours", label: `${names.ours} v${found.ours}` },
                    { value: "theirs", label: `${names.theirs} v${found.theirs}` },
                    { value: "base", label: `as v${found.ancestor_version}` },
                  ]}
                />
              </div>
              <Three name={`${names.ours} v${found.ours}`} value={one.ours} />
              <Three name={`${names.theirs} v${found.theirs}`} value={one.theirs} />
            </div>
          ))}
        </Section>
      ) : null}
      <Section title={found.conflicts.length > 0 ? "What is merged besides" : "What comes of it"}>
        <Loaded of={ours}>{(one) => <Comparison before={contentOf(one)} after={contentOf({ ...one, ...found.content })} beforeName={`v${found.ours}`} afterName="merged" />}</Loaded>
      </Section>
    </>
  );
}

function partName(part: string): string {
  const run = /^messages:(\d+)$/.exec(part);
  return run ? `Lines ${run[1]}` : nameOf(part);
}

function Three({ name, value }: { name: string; value: unknown }) {
  return (
    <div className="text-12">
      <span className="text-muted">{name}</span>
      <pre className="mt-0.5 max-h-40 overflow-auto rounded-s bg-sunken px-2 py-1 font-mono whitespace-pre-wrap wrap-anywhere">{typeof value === "string" ? value : value === null || value === undefined ? "not set" : JSON.stringify(value, null, 2)}</pre>
    </div>
  );
}
