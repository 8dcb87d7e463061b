import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { Schema } from "@/api/client";
import { useChange } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Button } from "../Button";
import { FormDialog } from "../Dialog";
import { Field, Input, errorFor } from "../Field";
import { tellWarnings, toast } from "../Toast";

type Props = { slug: string; id: string };
const AGAIN = { invalidates: ["/v1/prompts"] };
const UNPROVEN = "What was measured in a search is no proof, so test it before it goes live.";

/** From a text that a search tried to a version on a branch, or to a prompt of its own. */
export function CandidateActs({ slug, id }: Props) {
  const may = useMay();
  const [act, setAct] = useState<"branch" | "copy" | null>(null);
  const off = { disabled: !may.editPrompts, why: needs(may.edit ? "admin" : "editor") };
  return (
    <span className="flex flex-wrap gap-2">
      <Button size="s" {...off} onClick={() => setAct("branch")}>
        Branch…
      </Button>
      <Button size="s" {...off} onClick={() => setAct("copy")}>
        Copy to a prompt…
      </Button>
      {act === "branch" ? <Branch slug={slug} id={id} onClose={() => setAct(null)} /> : null}
      {act === "copy" ? <Copy slug={slug} id={id} onClose={() => setAct(null)} /> : null}
    </span>
  );
}

function Branch({ slug, id, onClose }: Props & { onClose: () => void }) {
  const [name, setName] = useState("");
  const navigate = useNavigate();
  const branch = useChange("post", "/v1/prompts/{slug}/lineage/candidates/{candidate_id}/branch", AGAIN);
  const done = ({ version }: { version: number }) => {
    onClose();
    toast(`${name.trim()} is there, at v${version}`, { label: "Look at it", run: () => void navigate({ to: `/prompts/${slug}`, search: { tab: "versions", v: String(version) } as never }) });
  };
  return (
    <FormDialog open onOpenChange={(open) => open || onClose()} title="A branch with this text" description={`It leaves at the version that the search began with, and no label moves. ${UNPROVEN}`} submit="Start the branch" busy={branch.isPending} error={branch.error} disabled={!name.trim()} onSubmit={() => branch.mutate({ path: { slug, candidate_id: id }, body: { branch: name.trim(), message: "" } }, { onSuccess: done })}>
      <Field label="Name" required error={errorFor(branch.error, "branch")}>
        <Input mono autoFocus value={name} onChange={(event) => setName(event.target.value)} placeholder="bred" />
      </Field>
    </FormDialog>
  );
}

function Copy({ slug, id, onClose }: Props & { onClose: () => void }) {
  const [name, setName] = useState(`${slug}-bred`.slice(0, 63));
  const navigate = useNavigate();
  const copy = useChange("post", "/v1/prompts/{slug}/lineage/candidates/{candidate_id}/copy", AGAIN);
  const done = (made: Schema<"PromptAnswer">) => {
    toast(`${made.slug} is there, with where it came from`);
    tellWarnings(made);
    void navigate({ to: `/prompts/${made.slug}` });
  };
  return (
    <FormDialog open onOpenChange={(open) => open || onClose()} title="A prompt of its own with this text" description={`The lineage says where it came from. ${UNPROVEN}`} submit="Make the prompt" busy={copy.isPending} error={copy.error} disabled={!name.trim()} onSubmit={() => copy.mutate({ path: { slug, candidate_id: id }, body: { slug: name.trim() } }, { onSuccess: done })}>
      <Field label="Name" required error={errorFor(copy.error, "slug")}>
        <Input mono autoFocus value={name} onChange={(event) => setName(event.target.value)} />
      </Field>
    </FormDialog>
  );
}
