import { GitBranch, X } from "lucide-react";
import { useState } from "react";
import type { Schema } from "@/api/client";
import { change as send, useChange, useRead } from "@/api/hooks";
import { Badge, Button, Checkbox, ConfirmDialog, Field, FormDialog, IconButton, Input, Loaded, Section, Segments, Select, errorFor, toast, useUndo } from "@/kit";
import { Comparison } from "./Comparison";
import { changedFields, contentOf, nameOf } from "./content";

type Branch = Schema<"BranchAnswer">;
const AGAIN = { invalidates: ["/v1/prompts"] };
const NEVER_OLD = { staleTime: Number.POSITIVE_INFINITY };
const MAIN = "main";

/** A line of its own from this version on: what is saved there touches nobody's "latest". */
export function StartBranch({ slug, version, onClose }: { slug: string; version: number; onClose: () => void }) {
  const [name, setName] = useState("");
  const start = useChange("post", "/v1/prompts/{slug}/branches", AGAIN);
  const done = () => {
    onClose();
    toast(`${name.trim()} begins at v${version}`);
  };
  return (
    <FormDialog open onOpenChange={(open) => !open && onClose()} title={`A branch from v${version}`} description="A line of its own: what is saved on it is not “latest”. Labels may name its versions, so it can be run and tested like any other." submit="Start the branch" busy={start.isPending} error={start.error} disabled={!name.trim()} onSubmit={() => start.mutate({ path: { slug }, body: { branch: name.trim(), version } }, { onSuccess: done })}>
      <Field label="Name" required error={errorFor(start.error, "branch")}>
        <Input mono autoFocus value={name} onChange={(event) => setName(event.target.value)} placeholder="formal" />
      </Field>
    </FormDialog>
  );
}

/** Takes fields of another version over onto the newest, as the next version. */
export function CherryPick({ slug, version, newest, onClose, onSaved }: { slug: string; version: number; newest: number; onClose: () => void; onSaved: (version: number) => void }) {
  const [parts, setParts] = useState<ReadonlySet<string>>(new Set());
  const from = useRead("/v1/prompts/{slug}/versions/{version}", { path: { slug, version } }, NEVER_OLD);
  const onto = useRead("/v1/prompts/{slug}/versions/{version}", { path: { slug, version: newest } }, NEVER_OLD);
  const pick = useChange("post", "/v1/prompts/{slug}/versions/{version}/cherry-pick", AGAIN);
  const done = ({ version: saved, is_new }: { version: number; is_new?: boolean | null }) => {
    onClose();
    toast(is_new === false ? `v${saved} says exactly this already` : `v${saved} is saved: v${newest} with parts of v${version}`);
    onSaved(saved);
  };
  const turn = (part: string) => setParts((before) => new Set(before.has(part) ? [...before].filter((one) => one !== part) : [...before, part]));
  return (
    <FormDialog wide open onOpenChange={(open) => !open && onClose()} title={`Take parts of v${version} over`} description={`They come onto v${newest}, as the next version. Everything else stays as v${newest} has it.`} submit="Save" busy={pick.isPending} error={pick.error} disabled={parts.size === 0} onSubmit={() => pick.mutate({ path: { slug, version }, body: { base_version: newest, parts: [...parts], message: "" } }, { onSuccess: done })}>
      <Loaded of={from}>
        {(one) => (
          <Loaded of={onto}>
            {(other) => (
              <>
                <fieldset className="flex flex-wrap gap-x-5 gap-y-2">
                  <legend className="mb-1.5 text-13 font-medium">Parts that differ</legend>
                  {changedFields(contentOf(other), contentOf(one)).map((part) => (
                    <Checkbox key={part} label={nameOf(part)} checked={parts.has(part)} onChange={() => turn(part)} />
                  ))}
                  {changedFields(contentOf(other), contentOf(one)).length === 0 ? <p className="text-13 text-muted">None: both say the same.</p> : null}
                </fieldset>
                <Comparison before={contentOf(other)} after={contentOf(one)} beforeName={`v${newest}`} afterName={`v${version}`} />
              </>
            )}
          </Loaded>
        )}
      </Loaded>
    </FormDialog>
  );
}

/** The lines beside the main one, and where each stands; nothing where there are none. */
export function BranchList({ slug, why, onChoose }: { slug: string; why: string | null; onChoose: (version: number) => void }) {
  const branches = useRead("/v1/prompts/{slug}/branches", { path: { slug } });
  const others = (branches.data?.data ?? []).filter((one) => one.branch !== MAIN);
  const [removing, setRemoving] = useState<Branch | null>(null);
  if (others.length === 0) return null;
  return (
    <ul aria-label="Branches" className="-mt-2 flex flex-wrap gap-2">
      {others.map((one) => (
        <li key={one.branch} className="inline-flex items-center">
          <Button size="s" icon={<GitBranch size={12} aria-hidden />} onClick={() => onChoose(one.version)}>
            {one.branch} <span className="numeric text-muted">v{one.version}</span>
          </Button>
          <IconButton size="s" label={`Remove the branch ${one.branch}`} icon={<X size={14} aria-hidden />} disabled={why !== null} why={why ?? undefined} onClick={() => setRemoving(one)} />
        </li>
      ))}
      {removing ? <RemoveBranch slug={slug} branch={removing} onClose={() => setRemoving(null)} /> : null}
    </ul>
  );
}

function RemoveBranch({ slug, branch: { branch, version }, onClose }: { slug: string; branch: Branch; onClose: () => void }) {
  const remove = useChange("delete", "/v1/prompts/{slug}/branches/{branch}", AGAIN);
  const undo = useUndo(AGAIN.invalidates);
  const back = () => send("post", "/v1/prompts/{slug}/branches", { path: { slug }, body: { branch, version } });
  const done = () => {
    onClose();
    toast(`${branch} is removed`, undo(back, `${branch} stands at v${version} again`));
  };
  return (
    <ConfirmDialog open onOpenChange={(open) => !open && onClose()} title={`Remove the branch ${branch}?`} submit="Remove" busy={remove.isPending} error={remove.error} onSubmit={() => remove.mutate({ path: { slug, branch } }, { onSuccess: done })}>
      Only the line goes: v{version} and what came before it stay, with the labels that name them.
    </ConfirmDialog>
  );
}

type Side = "ours" | "theirs" | "base";

/** Brings a branch back to the main line: what both changed differently is decided here, part by part, before anything is saved. */
export function MergeBranch({ slug, newest, onClose, onSaved }: { slug: string; newest: number; onClose: () => void; onSaved: (version: number) => void }) {
  const branches = useRead("/v1/prompts/{slug}/branches", { path: { slug } });
  const others = (branches.data?.data ?? []).filter((one) => one.branch !== MAIN);
  const [chosen, setChosen] = useState("");
  const branch = others.find((one) => one.branch === chosen) ?? others[0];
  const [taken, setTaken] = useState<Readonly<Record<string, Side>>>({});
  const merge = useChange("post", "/v1/prompts/{slug}/merge", AGAIN);
  const preview = useRead("/v1/prompts/{slug}/versions/{a}/merge/{b}", { path: { slug, a: newest, b: branch?.version ?? newest } }, { enabled: branch !== undefined });
  const conflicts = preview.data?.conflicts ?? [];
  const isOpen = conflicts.some(({ part }) => !taken[part]);
  const done = ({ version, outcome }: { version: number; outcome: string }) => {
    onClose();
    toast(outcome === "nothing_to_do" ? `v${newest} has all of it already` : outcome === "moved" ? `The main line stands at v${version}` : `v${version} is saved: both together`);
    onSaved(version);
  };
  const submit = () => merge.mutate({ path: { slug }, body: { branch: branch?.branch ?? null, into: MAIN, base_version: newest, message: "", resolutions: conflicts.map(({ part }) => ({ part, take: taken[part] ?? null })) } }, { onSuccess: done });
  return (
    <FormDialog wide open onOpenChange={(open) => !open && onClose()} title="Merge a branch" description={`Into the main line, which stands at v${newest}. No label moves.`} submit="Merge" busy={merge.isPending} error={merge.error} disabled={!branch || !preview.data || isOpen} onSubmit={submit}>
      <Loaded of={branches}>
        {() =>
          branch ? (
            <>
              <Field label="Branch">
                <Select value={branch.branch} onChange={(next) => { setChosen(next); setTaken({}); }} options={others.map((one) => ({ value: one.branch, label: `${one.branch}, at v${one.version}` }))} />
              </Field>
              <Loaded of={preview}>{(found) => <Preview slug={slug} found={found} branch={branch} taken={taken} onTake={(part, side) => setTaken((before) => ({ ...before, [part]: side }))} />}</Loaded>
            </>
          ) : (
            <p className="text-13 text-muted">There is no branch yet: begin one from a version.</p>
          )
        }
      </Loaded>
    </FormDialog>
  );
}

function Preview({ slug, found, branch, taken, onTake }: { slug: string; found: Schema<"MergePreview">; branch: Branch; taken: Readonly<Record<string, Side>>; onTake: (part: string, side: Side) => void }) {
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
                    { value: "ours", label: `main v${found.ours}` },
                    { value: "theirs", label: `${branch.branch} v${found.theirs}` },
                    { value: "base", label: `as v${found.ancestor_version}` },
                  ]}
                />
              </div>
              <Three name={`main v${found.ours}`} value={one.ours} />
              <Three name={`${branch.branch} v${found.theirs}`} value={one.theirs} />
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
