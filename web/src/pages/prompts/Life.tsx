import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, useId, useState } from "react";
import type { Schema } from "@/api/client";
import { change as send, useAll, useChange, useRead } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Badge, Button, ConfirmDialog, Field, FormDialog, Input, Menu, Notice, RelativeTime, SkeletonText, TextLink, errorFor, toast, toastError, useUndo } from "@/kit";
import { asApiError } from "@/api/errors";
import { plural } from "@/lib/format";
import { whyNot } from "./why";

type Prompt = Schema<"PromptAnswer">;
const AGAIN = ["/v1/prompts", "/v1/folders"];
type Act = "archive" | "move" | "purge";

/** What becomes of the whole prompt: another folder, away, back again, gone. `useMay` of whoever looks, not of an archived prompt. */
export function LifeMenu({ prompt }: { prompt: Prompt }) {
  const [act, setAct] = useState<Act | null>(null);
  const may = useMay();
  const restore = useRestore(prompt.slug);
  const close = () => setAct(null);
  if (!may.editPrompts) return null;
  return (
    <>
      <Menu
        label="More with this prompt"
        items={
          prompt.archived_at
            ? [
                { label: restore.isPending ? "Restoring…" : "Restore", disabled: restore.isPending, onSelect: () => restore.mutate() },
                { label: "Remove for good…", danger: true, disabled: !may.admin, hint: may.admin ? undefined : "Admins only", onSelect: () => setAct("purge") },
              ]
            : [
                { label: "Move to a folder…", onSelect: () => setAct("move") },
                { label: "Archive…", onSelect: () => setAct("archive") },
              ]
        }
      />
      {act === "move" ? <MovePrompt prompt={prompt} onClose={close} /> : null}
      {act === "archive" ? <Archive prompt={prompt} onClose={close} /> : null}
      {act === "purge" ? <Purge prompt={prompt} onClose={close} /> : null}
    </>
  );
}

function useRestore(slug: string): { mutate: () => void; isPending: boolean } {
  const restore = useChange("post", "/v1/prompts/{slug}/restore", { invalidates: AGAIN });
  return { isPending: restore.isPending, mutate: () => restore.mutate({ path: { slug } }, { onSuccess: () => toast(`${slug} is back, with its labels`), onError: toastError }) };
}

/** Above everything of a prompt that is put away. */
export function ArchivedNotice({ prompt }: { prompt: Prompt }) {
  const may = useMay();
  const restore = useRestore(prompt.slug);
  const [purging, setPurging] = useState(false);
  return (
    <Notice
      tone="warn"
      title="Archived."
      action={
        <span className="flex flex-wrap gap-2">
          <Button size="s" busy={restore.isPending} onClick={restore.mutate} disabled={!may.editPrompts} why={whyNot(may)}>
            Restore
          </Button>
          <Button size="s" onClick={() => setPurging(true)} disabled={!may.admin} why={needs("admin")}>
            Remove for good…
          </Button>
        </span>
      }
    >
      Put away <RelativeTime at={prompt.archived_at} />: it can be read, and neither run nor changed until it is restored.
      {purging ? <Purge prompt={prompt} onClose={() => setPurging(false)} /> : null}
    </Notice>
  );
}

function Archive({ prompt, onClose }: { prompt: Prompt; onClose: () => void }) {
  const { slug } = prompt;
  const archive = useChange("post", "/v1/prompts/{slug}/archive", { invalidates: AGAIN });
  const undo = useUndo(AGAIN);
  const uses = useRead("/v1/prompts/{slug}/uses", { path: { slug } });
  const usage = useRead("/v1/prompts/{slug}/usage", { path: { slug }, query: { days: 7 } });
  const includers = [...new Set((uses.data?.used_by ?? []).map((one) => one.prompt))];
  const chains = [...new Set((uses.data?.run_by ?? []).map((one) => one.chain))];
  const labels = Object.keys(prompt.labels).filter((label) => label !== "latest");
  const done = () => {
    onClose();
    toast(`${slug} is archived`, undo(() => send("post", "/v1/prompts/{slug}/restore", { path: { slug } }), `${slug} is back`));
  };
  return (
    <ConfirmDialog open onOpenChange={(open) => (open ? undefined : onClose())} title={`Archive ${slug}?`} submit="Archive" busy={archive.isPending} error={archive.error} onSubmit={() => archive.mutate({ path: { slug } }, { onSuccess: done })}>
      <p>Every call of it is refused from then on. Its slug, versions and history stay, and it can be restored as it was.</p>
      <ul className="mt-2 list-disc pl-5 text-13">
        {usage.data ? <li>{usage.data.executions > 0 ? <>Applications ran it {plural(usage.data.executions, "time")} in the last 7 days.</> : "No application ran it in the last 7 days."}</li> : null}
        {labels.length > 0 ? <li>Its labels stay where they are, and answer nobody: {labels.join(", ")}.</li> : null}
        {prompt.visibility !== "private" ? <li>What of it is published leaves the marketplace until it is restored; clones stay.</li> : null}
        {includers.length > 0 ? <li>Included by {includers.join(", ")}: it is refused as long as they do.</li> : null}
        {chains.length > 0 ? <li>{chains.length === 1 ? "The chain" : "The chains"} {chains.join(", ")} run{chains.length === 1 ? "s" : ""} it: it is refused until its steps are taken out.</li> : null}
      </ul>
    </ConfirmDialog>
  );
}

function Purge({ prompt, onClose }: { prompt: Prompt; onClose: () => void }) {
  const { slug } = prompt;
  const [typed, setTyped] = useState("");
  const navigate = useNavigate();
  const purge = useChange("post", "/v1/prompts/{slug}/purge", { invalidates: AGAIN, removes: "/v1/prompts/{slug}" });
  const submit = () =>
    purge.mutate(
      { path: { slug }, body: { confirm: typed } },
      {
        onSuccess: (gone) => {
          toast(`${slug} is gone, with ${plural(gone.versions, "version")}`);
          void navigate({ to: "/prompts", search: { archived: "1" } as never });
        },
      },
    );
  return (
    <FormDialog danger open onOpenChange={(open) => (open ? undefined : onClose())} title={`Remove ${slug} for good`} submit="Remove for good" busy={purge.isPending} error={purge.error} missing={typed === slug ? undefined : `Type ${slug} first, to show that you mean it.`} disabled={typed !== slug} onSubmit={submit}>
      <div className="flex flex-col gap-2 text-14">
        <p>Nothing brings it back.</p>
        <dl className="grid grid-cols-[5rem_minmax(0,1fr)] gap-x-3 gap-y-1 text-13">
          <dt className="text-muted">Goes</dt>
          <dd>{plural(prompt.latest_version, "version")}, labels, lineage, test runs, searches, suggestions, and what of it is published.</dd>
          <dt className="text-muted">Stays</dt>
          <dd>Clones that others made, runs and what they cost, figures, the audit log. The slug is free again.</dd>
        </dl>
      </div>
      <Field label={`Type ${slug} to go on`} error={errorFor(purge.error, "confirm")}>
        <Input mono autoFocus value={typed} onChange={(event) => setTyped(event.target.value)} />
      </Field>
    </FormDialog>
  );
}

/** The folders that are there already, to choose from while one types another. */
export function FolderInput({ value, onChange, error, label = "Folder", readOnly, autoFocus }: { value: string; onChange: (folder: string) => void; error?: ReactNode; label?: string; readOnly?: boolean; autoFocus?: boolean }) {
  const folders = useAll("/v1/folders", {}, { staleTime: 60_000 });
  const known = useId();
  return (
    <Field label={label} hint="Joined by /, such as support/tier 1. Empty: at the top." error={error}>
      <Input autoFocus={autoFocus} readOnly={readOnly} list={known} value={value} maxLength={700} onChange={(event) => onChange(event.target.value)} />
      <datalist id={known}>
        {(folders.rows ?? []).map(({ folder }) => folder).filter(Boolean).map((one) => (
          <option key={one} value={one} aria-label={one} />
        ))}
      </datalist>
    </Field>
  );
}

function MovePrompt({ prompt, onClose }: { prompt: Prompt; onClose: () => void }) {
  const { slug, folder: before } = prompt;
  const [folder, setFolder] = useState(before);
  const move = useChange("patch", "/v1/prompts/{slug}", { invalidates: AGAIN });
  const undo = useUndo(AGAIN);
  const back = () => send("patch", "/v1/prompts/{slug}", { path: { slug }, body: { folder: before } });
  const done = ({ folder: now }: { folder: string }) => {
    onClose();
    toast(now ? `${slug} is in ${now}` : `${slug} is at the top`, undo(back, before ? `${slug} is back in ${before}` : `${slug} is at the top again`));
  };
  return (
    <FormDialog open onOpenChange={(open) => (open ? undefined : onClose())} title={`Move ${slug}`} description="Only where it is listed: nobody calls it by its folder." submit="Move" busy={move.isPending} error={move.error} missing={folder.trim() === before ? "It is there already." : undefined} disabled={folder.trim() === before} onSubmit={() => move.mutate({ path: { slug }, body: { folder: folder.trim() } }, { onSuccess: done })}>
      <FolderInput autoFocus value={folder} onChange={setFolder} error={errorFor(move.error, "folder")} />
    </FormDialog>
  );
}

/** What it includes, what includes it, and which chains run it: they change with it. */
export function Uses({ slug }: { slug: string }) {
  const uses = useRead("/v1/prompts/{slug}/uses", { path: { slug } });
  if (uses.error && !uses.data) return <Notice tone="warn">{asApiError(uses.error).message}</Notice>;
  if (!uses.data) return <SkeletonText lines={2} />;
  const { used_by: usedBy, uses: included, run_by: chains = [] } = uses.data; // A gateway of the release before tells no chains.
  return (
    <div className="flex flex-col gap-3 text-13">
      {usedBy.length === 0 ? (
        <p className="text-muted">
          No prompt includes it. Another one does by <code>{`{{> ${slug}}}`}</code> in its text.
        </p>
      ) : (
        <ul aria-label="Included by" className="flex flex-col gap-1.5">
          {usedBy.map((one) => (
            <li key={`${one.prompt} ${one.version}`} className="flex flex-wrap items-center gap-1.5">
              <TextLink to={`/prompts/${one.prompt}`} search={{ tab: "versions", v: String(one.version) }}>
                {one.prompt}
              </TextLink>
              <Served version={one.version} labels={one.labels} />
              <span className="text-muted">by {one.through.join(", ")}</span>
            </li>
          ))}
        </ul>
      )}
      {chains.length > 0 ? (
        <div>
          <h3 className="mb-1 text-12 font-medium text-muted">Chains run it</h3>
          <ul aria-label="Run by" className="flex flex-col gap-1.5">
            {chains.map((one) => (
              <li key={`${one.chain} ${one.version}`} className="flex flex-wrap items-center gap-1.5">
                <TextLink to={`/chains/${one.chain}`} search={{ tab: "versions", v: String(one.version) }}>
                  {one.chain}
                </TextLink>
                <Served version={one.version} labels={one.labels} />
                <span className="text-muted">
                  in {one.steps.length === 1 ? "step" : "steps"} <span className="font-mono">{one.steps.join(", ")}</span>
                </span>
              </li>
            ))}
          </ul>
        </div>
      ) : null}
      {included.length > 0 ? (
        <div>
          <h3 className="mb-1 text-12 font-medium text-muted">It includes</h3>
          <ul aria-label="Includes" className="flex flex-col gap-1">
            {included.map((one) => (
              <li key={`${one.version} ${one.name}`}>
                <TextLink to={`/prompts/${one.prompt}`}>{one.name}</TextLink> <span className="numeric text-muted">in v{one.version}</span>
              </li>
            ))}
          </ul>
        </div>
      ) : null}
    </div>
  );
}

/** A version that is served, and the labels by which it is. */
function Served({ version, labels }: { version: number; labels: string[] }) {
  return (
    <>
      <span className="numeric">v{version}</span>
      {labels.map((label) => (
        <Badge key={label} tone={label === "production" ? "ok" : "neutral"}>
          {label}
        </Badge>
      ))}
    </>
  );
}
