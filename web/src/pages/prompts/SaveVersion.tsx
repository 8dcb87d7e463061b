import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { invalidate, takeBack, useChange } from "@/api/hooks";
import { ApiError } from "@/api/errors";
import { useSession } from "@/api/session";
import { Badge, Field, FormDialog, Input, Notice, Select, tellWarnings, toast, toastError } from "@/kit";
import { type Version, changeOf, contentOf, nameOf } from "./content";
import type { Draft } from "./draft";
import { MAIN, nameOfLine } from "./line";

type SaveProps = { slug: string; draft: Draft; labels: readonly string[]; open: boolean; onOpenChange: (open: boolean) => void; onNewer: (version: number) => void };

/** Saves the draft as the next version, with a note, and makes it live where that is wanted. */
export function SaveVersion({ slug, draft, labels, open, onOpenChange, onNewer }: SaveProps) {
  const { workspace } = useSession();
  const queries = useQueryClient();
  const [message, setMessage] = useState("");
  const [label, setLabel] = useState("");
  const save = useChange("post", "/v1/prompts/{slug}/versions", { invalidates: ["/v1/prompts"], waits: true });
  const move = useChange("put", "/v1/prompts/{slug}/labels/{label}", { invalidates: ["/v1/prompts"] });
  const { base, content, changed, line } = draft;
  const onBranch = line === MAIN ? "" : ` on ${line}`;

  const saved = (version: Version) => {
    onOpenChange(false);
    save.reset();
    setMessage("");
    // The next one goes live only where somebody says so again.
    setLabel("");
    if (version.is_new === false) {
      toast(`Nothing was saved: version ${version.version} says exactly this`);
      return;
    }
    // Not `draft.start`: what is on screen by now may be more than what was sent.
    draft.saved(version, content);
    if (!label) {
      toast(`v${version.version} is saved${onBranch}`);
      tellWarnings(version);
      return;
    }
    const stays = (error: unknown) => {
      toast(`v${version.version} is saved${onBranch}; ${label} did not move to it`);
      toastError(error);
    };
    move.mutateAsync({ path: { slug, label }, body: { version: version.version, reason: message } }).then(() => toast(`v${version.version} is saved${onBranch}, and ${label}`), stays).then(() => tellWarnings(version));
  };
  const refused = (error: unknown) => {
    const newer = newerVersionOf(error);
    if (newer === null) {
      // A colleague removed the branch: the draft says so, and how to go on, once the list of branches is known anew.
      if (!(error instanceof ApiError) || error.param !== "branch") return;
      void invalidate(queries, ["/v1/prompts/{slug}/branches"]);
      onOpenChange(false);
      save.reset();
      toastError(error);
      return;
    }
    onOpenChange(false);
    save.reset();
    onNewer(newer);
  };
  // By its promise: it is told, and the label moves, also where another tab of the prompt is open by then.
  const submit = () =>
    void save
      .mutateAsync({
        path: { slug },
        body: { ...changeOf(contentOf(base), content), base_version: base.version, message: message.trim(), ...(line === MAIN ? {} : { branch: line }) } as never,
        // It may wait for a connection: it belongs to the workspace of this moment, whichever is chosen by then.
        headers: workspace ? { "X-Burnish-Workspace": workspace.id } : {},
      })
      .then(saved, refused);
  const openOrClose = (next: boolean) => {
    if (!next && save.isPaused) {
      if (!takeBack(queries, save.variables)) return; // The connection came back just now, and it is sent.
      save.reset();
    }
    onOpenChange(next);
  };

  return (
    <FormDialog open={open} onOpenChange={openOrClose} title={`Save as the next version${onBranch}`} description={`Over v${base.version}, on ${nameOfLine(line)}${line === MAIN ? "" : ": “latest” stays where it is"}. Nobody is served it until a label moves there.`} submit="Save" onSubmit={submit} busy={save.isPending} waiting={save.isPaused} error={save.error}>
      <p className="flex flex-wrap items-center gap-1.5 text-13">
        <span className="text-muted">Changed</span>
        {changed.map((field) => (
          <Badge key={field}>{nameOf(field)}</Badge>
        ))}
      </p>
      <Field label="Note" hint="Why, for whoever reads the list of versions.">
        <Input autoFocus value={message} maxLength={2_000} onChange={(event) => setMessage(event.target.value)} placeholder="Shorter answers" />
      </Field>
      {save.isPaused ? <Notice tone="warn">No connection: it is saved as soon as there is one again.</Notice> : null}
      <Field label="Label to move there">
        <Select empty="None: keep it aside" value={label} onChange={setLabel} options={labels.map((one) => ({ value: one, label: one }))} />
      </Field>
    </FormDialog>
  );
}

/** The newest version, where saving was refused because the base is not the newest any more. */
export function newerVersionOf(error: unknown): number | null {
  if (!(error instanceof ApiError) || error.code !== "newer_version") return null;
  const answer = error.answer as { newer_version?: unknown } | null;
  return typeof answer?.newer_version === "number" ? answer.newer_version : null;
}
