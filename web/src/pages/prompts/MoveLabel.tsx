import { useState } from "react";
import { change, useChange, useRead } from "@/api/hooks";
import { Field, FormDialog, Input, Loaded, Notice, Select, errorFor, toast, useUndo } from "@/kit";
import { Comparison } from "./Comparison";
import { contentOf, newlyRequired } from "./content";

export type Move = { version: number; label?: string; reason?: string };
const NEW = "+";

/** Moves a label, with a reason. It says beforehand what changes for whoever asks for it, and can be undone. */
export function MoveLabel({ slug, labels, move, onClose }: { slug: string; labels: Record<string, number>; move: Move; onClose: () => void }) {
  const undo = useUndo(["/v1/prompts"]);
  const known = [...new Set(["production", "staging", ...Object.keys(labels)])].filter((one) => one !== "latest");
  const [label, setLabel] = useState(move.label ?? known.find((one) => labels[one] !== move.version) ?? "production");
  const [fresh, setFresh] = useState("");
  const [reason, setReason] = useState(move.reason ?? "");
  const put = useChange("put", "/v1/prompts/{slug}/labels/{label}", { invalidates: ["/v1/prompts"] });
  const name = label === NEW ? fresh.trim().toLowerCase() : label;
  const from = labels[name];

  const path = { slug, label: name };
  const back = () => (from === undefined ? change("delete", "/v1/prompts/{slug}/labels/{label}", { path, query: { reason: "Undo" } }) : change("put", "/v1/prompts/{slug}/labels/{label}", { path, body: { version: from, reason: "Undo" } }));
  const submit = () =>
    put.mutate(
      { path, body: { version: move.version, reason: reason.trim() } },
      {
        onSuccess: () => {
          onClose();
          toast(`${name} is v${move.version}`, undo(back, from === undefined ? `${name} is taken away again` : `${name} is back at v${from}`));
        },
      },
    );

  return (
    <FormDialog wide open onOpenChange={(open) => (open ? undefined : onClose())} title={`Move a label to v${move.version}`} description="Every call that asks for the label gets this version within a second." submit={name ? `Move ${name}` : "Move"} onSubmit={submit} busy={put.isPending} error={put.error} disabled={!name || from === move.version}>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="Label" hint={from === undefined ? "New: nobody asks for it yet." : from === move.version ? "It stands there already." : `From v${from} to v${move.version}.`} error={errorFor(put.error, "label")}>
          <Select value={label} onChange={setLabel} options={[...known.map((one) => ({ value: one, label: labels[one] === undefined ? one : `${one}, at v${labels[one]}` })), { value: NEW, label: "Another…" }]} />
        </Field>
        <Field label="Reason" hint="Stands in the label's history.">
          <Input autoFocus value={reason} maxLength={2_000} onChange={(event) => setReason(event.target.value)} />
        </Field>
        {label === NEW ? (
          <Field label="Name of the label">
            <Input mono value={fresh} onChange={(event) => setFresh(event.target.value)} placeholder="canary" />
          </Field>
        ) : null}
      </div>
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
