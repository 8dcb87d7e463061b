import { type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import { change, useChange } from "@/api/hooks";
import { Field, FormDialog, Input, Select, errorFor, tellWarnings, toast, useUndo } from "@/kit";
import { plural } from "@/lib/format";
import { useSettled } from "@/lib/late";

/** As the API has it. A name is part of an address: what it may not hold would ask for another one. */
const LABEL_NAME = /^[a-z][a-z0-9_-]{0,62}$/;

/** What has labels. */
export type Labelled = "prompts" | "chains";
const LABEL = { prompts: "/v1/prompts/{slug}/labels/{label}", chains: "/v1/chains/{slug}/labels/{label}" } as const;

/** `back`: to where the label stood before, which also a protected label does without an approval. */
export type Move = { version: number; label?: string; reason?: string; back?: boolean };
const NEW = "+";

/** Of a name that somebody types. */
function faultOf(name: string): string | undefined {
  if (name === "latest") return "This name is taken: latest is the newest version, and moves by itself.";
  return name && !LABEL_NAME.test(name) ? "1 to 63 letters a–z, digits, - and _, beginning with a letter." : undefined;
}

/** Hears why a move would be refused, by who knows it; null: nothing is known against it. */
export type OnRefused = (by: string, why: string | null) => void;

/** Says for as long as it is on screen that the move would be refused. */
export function useRefusal(onRefused: OnRefused, by: string, why: string | null) {
  useEffect(() => {
    onRefused(by, why);
    return () => onRefused(by, null);
  }, [onRefused, by, why]);
}

type LabelMoveProps = {
  of: Labelled;
  slug: string;
  labels: Record<string, number>;
  move: Move;
  onClose: () => void;
  /** Whether test runs of prompts that change with it begin again; a chain has none. */
  retest?: boolean;
  /** What changes for whoever asks for the label: `from` is null where it stands nowhere yet, or is to stand where it does; the label is "" while
   * one types it. `onSaid` hears of the warnings that are on screen: the answer's others are told once it has moved. */
  before: (label: string, from: number | null, onSaid: (warnings: readonly string[]) => void, onRefused: OnRefused) => ReactNode;
};

/** Moves a label, with a reason. It says beforehand what changes for whoever asks for it, and can be undone. */
export function LabelMove({ of, slug, labels, move, onClose, retest = false, before }: LabelMoveProps) {
  const again = [`/v1/${of}`];
  const undo = useUndo(again);
  const known = [...new Set(["production", "staging", ...Object.keys(labels)])].filter((one) => one !== "latest");
  const [label, setLabel] = useState(move.label ?? known.find((one) => labels[one] !== move.version) ?? "production");
  const [fresh, setFresh] = useState("");
  const [reason, setReason] = useState(move.reason ?? "");
  const onScreen = useRef<readonly string[]>([]);
  const put = useChange("put", LABEL[of], { invalidates: again });
  const rollBack = useChange("post", "/v1/prompts/{slug}/labels/{label}/rollback", { invalidates: again });
  // A chain has no approvals to get around: its label goes back as it goes forth.
  const goesBack = Boolean(move.back) && of === "prompts";
  const { isPending, error } = goesBack ? rollBack : put;
  const name = label === NEW ? fresh.trim().toLowerCase() : label;
  const wrong = label === NEW ? faultOf(name) : undefined;
  const from = labels[name];
  // What is typed is asked about once it could be a label's name, and one pauses.
  const typed = useSettled(wrong ? "" : name);
  const asked = label === NEW ? (typed === name ? typed : "") : name;
  const [refusals, setRefusals] = useState<Readonly<Record<string, string | null>>>({});
  const onRefused = useCallback<OnRefused>((by, why) => setRefusals((was) => ((was[by] ?? null) === why ? was : { ...was, [by]: why })), []);
  const refused = Object.values(refusals).find((why) => why !== null);

  const path = { slug, label: name };
  const back = () => (from === undefined ? change("delete", LABEL[of], { path, query: { reason: "Undo" } }) : change("put", LABEL[of], { path, body: { version: from, reason: "Undo" } }));
  const body = { version: move.version, reason: reason.trim() };
  const onSuccess = (moved: object, said: readonly string[]) => {
    onClose();
    if ("retested" in moved && Array.isArray(moved.retested)) toast(`${plural(moved.retested.length, "test run")} began again`);
    const warnings = "warnings" in moved && Array.isArray(moved.warnings) ? (moved.warnings as string[]).filter((one) => !said.includes(one)) : [];
    toast(`${name} is v${move.version}`, undo(back, from === undefined ? `${name} is taken away again` : `${name} is back at v${from}`));
    tellWarnings({ version: move.version, warnings });
  };
  const submit = () => {
    const said = onScreen.current;
    if (goesBack) rollBack.mutate({ path, body }, { onSuccess: (moved) => onSuccess(moved, said) });
    else put.mutate({ path, body: { ...body, ...(retest ? { retest } : {}) } }, { onSuccess: (moved) => onSuccess(moved, said) });
  };

  return (
    <FormDialog
      wide
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={move.back ? `Roll ${name} back to v${move.version}` : `Move a label to v${move.version}`}
      description={goesBack ? "Every call that asks for the label gets this version within a second. It needs no approval: the label stood there before." : of === "chains" ? "Runs that begin afterwards run this version; those under way go on as they began." : "Every call that asks for the label gets this version within a second."}
      submit={move.back ? `Roll ${name} back` : name ? `Move ${name}` : "Move"}
      onSubmit={submit}
      busy={isPending}
      error={error}
      disabled={!name || from === move.version || wrong !== undefined || refused !== undefined}
      missing={refused}
    >
      <div className="grid gap-4 sm:grid-cols-2">
        {move.back ? null : (
          <Field label="Label" hint={from === undefined ? "New: nobody asks for it yet." : from === move.version ? "It stands there already." : `From v${from} to v${move.version}.`} error={label === NEW ? undefined : errorFor(error, "label")}>
            <Select value={label} onChange={setLabel} options={[...known.map((one) => ({ value: one, label: labels[one] === undefined ? one : `${one}, at v${labels[one]}` })), { value: NEW, label: "Another…" }]} />
          </Field>
        )}
        <Field label="Reason" hint="Stands in the label's history.">
          <Input autoFocus value={reason} maxLength={2_000} onChange={(event) => setReason(event.target.value)} />
        </Field>
        {label === NEW ? (
          <Field label="Name of the label" error={wrong ?? errorFor(error, "label")}>
            <Input mono value={fresh} onChange={(event) => setFresh(event.target.value)} placeholder="canary" />
          </Field>
        ) : null}
      </div>
      {before(asked, asked === "" || from === undefined || from === move.version ? null : from, (warnings) => (onScreen.current = warnings), onRefused)}
    </FormDialog>
  );
}
