import { GitBranch, PencilLine, X } from "lucide-react";
import { useState } from "react";
import { read, change as send, useChange, useRead } from "@/api/hooks";
import { Button, Checkbox, ConfirmDialog, Field, FormDialog, IconButton, Input, Loaded, Notice, Select, errorFor, tellWarnings, toast, toastError, useUndo } from "@/kit";
import { Comparison } from "./Comparison";
import { type Version, changedFields, contentOf, nameOf } from "./content";
import { type Branch, MAIN, nameOfLine } from "./line";
import type { Edit } from "./VersionsTab";

type Line = Pick<Branch, "branch" | "version">;
const AGAIN = { invalidates: ["/v1/prompts"] };
const NEVER_OLD = { staleTime: Number.POSITIVE_INFINITY };

/** A line of its own from this version on: what is saved there touches nobody's "latest". */
export function StartBranch({ slug, version, onClose, onEdit }: { slug: string; version: number; onClose: () => void; onEdit?: Edit }) {
  const [name, setName] = useState("");
  const start = useChange("post", "/v1/prompts/{slug}/branches", AGAIN);
  const done = ({ branch }: Branch) => {
    onClose();
    toast(`${branch} begins at v${version}`, onEdit ? { label: "Edit on it", run: () => editTip(slug, { branch, version }, onEdit) } : undefined);
  };
  return (
    <FormDialog open onOpenChange={(open) => !open && onClose()} title={`A branch from v${version}`} description="A line of its own: what is saved on it is not “latest”. Labels may name its versions, so it can be run and tested like any other." submit="Start the branch" busy={start.isPending} error={start.error} disabled={!name.trim()} onSubmit={() => start.mutate({ path: { slug }, body: { branch: name.trim(), version } }, { onSuccess: done })}>
      <Field label="Name" required error={errorFor(start.error, "branch")}>
        <Input mono autoFocus value={name} onChange={(event) => setName(event.target.value)} placeholder="formal" />
      </Field>
    </FormDialog>
  );
}

/** Goes on from where a branch stands, on it. */
function editTip(slug: string, { branch, version }: Line, onEdit: Edit): void {
  read("/v1/prompts/{slug}/versions/{version}", { path: { slug, version } }).then((whole) => onEdit(whole, branch), toastError);
}

/** Takes fields of another version over onto where a line stands, as its next version. */
export function CherryPick({ slug, version, newest, onClose, onSaved }: { slug: string; version: number; newest: number; onClose: () => void; onSaved: (version: number) => void }) {
  const [parts, setParts] = useState<ReadonlySet<string>>(new Set());
  const pick = useChange("post", "/v1/prompts/{slug}/versions/{version}/cherry-pick", AGAIN);
  const branches = useRead("/v1/prompts/{slug}/branches", { path: { slug } });
  // A line as it stood when it was chosen: what is saved meanwhile is not what one looked at.
  const [line, setChosen] = useState<Line>({ branch: MAIN, version: newest });
  const tips = branches.data?.data ?? [];
  const lines = [{ branch: MAIN, version: newest }, ...tips.filter((one) => one.branch !== MAIN)].map((one) => (one.branch === line.branch ? line : one)).filter((one) => one.version !== version);
  // Of the version where the main line stands, parts go to another line: the first that is known.
  if (line.version === version && lines[0] && !branches.isFetching) setChosen(lines[0]);
  const isAlone = branches.data !== undefined && lines.length === 0;
  const take = (next: Line) => {
    setChosen(next);
    setParts(new Set());
    if (!pick.isPending) pick.reset();
  };
  const from = useRead("/v1/prompts/{slug}/versions/{version}", { path: { slug, version } }, NEVER_OLD);
  const onto = useRead("/v1/prompts/{slug}/versions/{version}", { path: { slug, version: line.version } }, NEVER_OLD);
  const tip = pick.error === null ? undefined : tips.find((one) => one.branch === line.branch && one.version !== line.version);
  const done = (made: Version) => {
    const { version: saved, is_new } = made;
    onClose();
    toast(is_new === false ? `v${saved} says exactly this already` : `v${saved} is saved${line.branch === MAIN ? "" : ` on ${line.branch}`}: v${line.version} with parts of v${version}`);
    if (is_new !== false) tellWarnings(made);
    onSaved(saved);
  };
  const turn = (part: string) => setParts((before) => new Set(before.has(part) ? [...before].filter((one) => one !== part) : [...before, part]));
  return (
    <FormDialog wide open onOpenChange={(open) => !open && onClose()} title={`Take parts of v${version} over`} description={isAlone ? `All that there is stands at v${version}: start a branch to take parts of it over to.` : `They come onto v${line.version}, as the next version on ${nameOfLine(line.branch)}. Everything else stays as v${line.version} has it.`} submit="Save" busy={pick.isPending} error={pick.error} missing={parts.size === 0 ? "Choose at least one part." : undefined} disabled={parts.size === 0 || line.version === version} onSubmit={() => pick.mutate({ path: { slug, version }, body: { base_version: line.version, parts: [...parts], message: "", ...(line.branch === MAIN ? {} : { branch: line.branch }) } }, { onSuccess: done, onError: () => void branches.refetch() })}>
      {tip ? (
        <Notice tone="warn" title={`Somebody saved v${tip.version} on ${nameOfLine(line.branch)} meanwhile.`} action={<Button size="s" onClick={() => take({ branch: line.branch, version: tip.version })}>Look at it</Button>} />
      ) : null}
      {lines.length > 1 ? (
        <Field label="Onto">
          <Select value={line.branch} onChange={(next) => take(lines.find(({ branch }) => branch === next) ?? line)} options={lines.map((one) => ({ value: one.branch, label: `${one.branch}, at v${one.version}` }))} />
        </Field>
      ) : null}
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
                <Comparison before={contentOf(other)} after={contentOf(one)} beforeName={`v${line.version}`} afterName={`v${version}`} />
              </>
            )}
          </Loaded>
        )}
      </Loaded>
    </FormDialog>
  );
}

/** The lines beside the main one, and where each stands; nothing where there are none. */
export function BranchList({ slug, why, onChoose, onEdit }: { slug: string; why: string | null; onChoose: (version: number) => void; onEdit: Edit }) {
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
          <IconButton size="s" label={`Edit on the branch ${one.branch}`} icon={<PencilLine size={14} aria-hidden />} disabled={why !== null} why={why ?? undefined} onClick={() => editTip(slug, one, onEdit)} />
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
