import { useState } from "react";
import type { Schema } from "@/api/client";
import { change, useChange, useRead } from "@/api/hooks";
import { Field, FormDialog, Input, Loaded, Notice, Select, TextLink, errorFor, toast, useUndo } from "@/kit";
import { plural } from "@/lib/format";
import { Comparison } from "./Comparison";
import { contentOf, newlyRequired } from "./content";

/** `back`: to where the label stood before, which also a protected label does without an approval. */
export type Move = { version: number; label?: string; reason?: string; back?: boolean };
const NEW = "+";

/** Moves a label, with a reason. It says beforehand what changes for whoever asks for it, and can be undone. */
export function MoveLabel({ slug, labels, move, onClose }: { slug: string; labels: Record<string, number>; move: Move; onClose: () => void }) {
  const undo = useUndo(["/v1/prompts"]);
  const known = [...new Set(["production", "staging", ...Object.keys(labels)])].filter((one) => one !== "latest");
  const [label, setLabel] = useState(move.label ?? known.find((one) => labels[one] !== move.version) ?? "production");
  const [fresh, setFresh] = useState("");
  const [reason, setReason] = useState(move.reason ?? "");
  const put = useChange("put", "/v1/prompts/{slug}/labels/{label}", { invalidates: ["/v1/prompts"] });
  const rollBack = useChange("post", "/v1/prompts/{slug}/labels/{label}/rollback", { invalidates: ["/v1/prompts"] });
  const { isPending, error } = move.back ? rollBack : put;
  const name = label === NEW ? fresh.trim().toLowerCase() : label;
  const from = labels[name];

  const path = { slug, label: name };
  const back = () => (from === undefined ? change("delete", "/v1/prompts/{slug}/labels/{label}", { path, query: { reason: "Undo" } }) : change("put", "/v1/prompts/{slug}/labels/{label}", { path, body: { version: from, reason: "Undo" } }));
  const body = { version: move.version, reason: reason.trim() };
  const onSuccess = () => {
    onClose();
    toast(`${name} is v${move.version}`, undo(back, from === undefined ? `${name} is taken away again` : `${name} is back at v${from}`));
  };
  const submit = () => (move.back ? rollBack.mutate({ path, body }, { onSuccess }) : put.mutate({ path, body }, { onSuccess }));

  return (
    <FormDialog
      wide
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={move.back ? `Roll ${name} back to v${move.version}` : `Move a label to v${move.version}`}
      description={move.back ? "Every call that asks for the label gets this version within a second. It needs no approval: the label stood there before." : "Every call that asks for the label gets this version within a second."}
      submit={move.back ? `Roll ${name} back` : name ? `Move ${name}` : "Move"}
      onSubmit={submit}
      busy={isPending}
      error={error}
      disabled={!name || from === move.version}
    >
      <div className="grid gap-4 sm:grid-cols-2">
        {move.back ? null : (
          <Field label="Label" hint={from === undefined ? "New: nobody asks for it yet." : from === move.version ? "It stands there already." : `From v${from} to v${move.version}.`} error={errorFor(error, "label")}>
            <Select value={label} onChange={setLabel} options={[...known.map((one) => ({ value: one, label: labels[one] === undefined ? one : `${one}, at v${labels[one]}` })), { value: NEW, label: "Another…" }]} />
          </Field>
        )}
        <Field label="Reason" hint="Stands in the label's history.">
          <Input autoFocus value={reason} maxLength={2_000} onChange={(event) => setReason(event.target.value)} />
        </Field>
        {label === NEW ? (
          <Field label="Name of the label">
            <Input mono value={fresh} onChange={(event) => setFresh(event.target.value)} placeholder="canary" />
          </Field>
        ) : null}
      </div>
      {label !== NEW && from !== move.version ? <Effects slug={slug} label={name} version={move.version} /> : null}
      {from === undefined || from === move.version ? null : (
        <>
          <Asked slug={slug} a={from} b={move.version} />
          <Difference slug={slug} a={from} b={move.version} />
        </>
      )}
    </FormDialog>
  );
}

const NEVER_OLD = { staleTime: Number.POSITIVE_INFINITY };

/** Prompts that include this one by the label, and change with it; nothing where none does. */
function Effects({ slug, label, version }: { slug: string; label: string; version: number }) {
  const { data } = useRead("/v1/prompts/{slug}/labels/{label}/effects", { path: { slug, label }, query: { version } });
  if (!data || data.changed.length === 0) return null;
  return (
    <Notice tone={data.refused ? "bad" : "warn"} title={data.refused ? "This is refused: a prompt that includes it would be none any more." : `${plural(data.changed.length, "version")} of other prompts ${data.changed.length === 1 ? "reads" : "read"} otherwise from then on.`}>
      <ul aria-label="What changes with it" className="mt-1 list-disc pl-5">
        {data.changed.map((one) => (
          <li key={`${one.prompt} ${one.version}`}>
            <TextLink to={`/prompts/${one.prompt}`}>{one.prompt}</TextLink> v{one.version}
            {one.labels.length > 0 ? ` (${one.labels.join(", ")})` : ""}
            {inWords(one)}
          </li>
        ))}
      </ul>
    </Notice>
  );
}

function inWords({ problem, new_required: asks, no_longer_used: unused }: Schema<"AffectedAnswer">): string {
  if (problem) return `: ${problem}`;
  const said = [asks.length > 0 && `asks for ${asks.join(", ")}`, unused.length > 0 && `uses ${unused.join(", ")} no longer`].filter(Boolean).join(", ");
  return said && `: ${said}`;
}
/** Variables that callers of the version before do not send yet. */
function Asked({ slug, a, b }: { slug: string; a: number; b: number }) {
  const before = useRead("/v1/prompts/{slug}/versions/{version}", { path: { slug, version: a } }, NEVER_OLD).data;
  const after = useRead("/v1/prompts/{slug}/versions/{version}", { path: { slug, version: b } }, NEVER_OLD).data;
  const names = before && after ? newlyRequired(contentOf(before), contentOf(after)) : [];
  if (names.length === 0) return null;
  return (
    <Notice tone="warn" title={`v${b} needs what v${a} did not: ${names.join(", ")}.`}>
      A call without {names.length === 1 ? "it" : "them"} is refused. Let your applications send {names.length === 1 ? "it" : "them"} first, or give {names.length === 1 ? "it a default" : "them defaults"}.
    </Notice>
  );
}

/** What changed between two versions. */
export function Difference({ slug, a, b }: { slug: string; a: number; b: number }) {
  const before = useRead("/v1/prompts/{slug}/versions/{version}", { path: { slug, version: a } }, NEVER_OLD);
  const after = useRead("/v1/prompts/{slug}/versions/{version}", { path: { slug, version: b } }, NEVER_OLD);
  return <Loaded of={before}>{(one) => <Loaded of={after}>{(other) => <Comparison before={contentOf(one)} after={contentOf(other)} beforeName={`v${one.version}`} afterName={`v${other.version}`} />}</Loaded>}</Loaded>;
}
