import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useChange } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import type { Schema } from "@/api/client";
import { Button, type Column, ConfirmDialog, Field, FormDialog, Input, Menu, RelativeTime, Section, Table, Textarea, download, errorFor, toast, toastError } from "@/kit";
import { type Line, nameOfLine } from "./generations";

type Of = { line: Line; number: number; latest: number | null };
type Snapshot = Schema<"SnapshotAnswer">;
const AGAIN = { invalidates: ["/v1/generations"] };

/** What can be done with a generation, and with its line. */
export function LineActs({ line, number, latest }: Of) {
  const may = useMay();
  const navigate = useNavigate();
  const [act, setAct] = useState<"snapshot" | "fork" | "restore" | "remove" | null>(null);
  const close = () => setAct(null);
  const off = { disabled: !may.edit, why: needs("editor") };
  const search = () => void navigate({ to: "/optimize", search: { new: "1", prompt: line.prompt, version: String(line.base_version), line: line.id, number: String(number) } as never });
  return (
    <>
      <Button size="s" {...off} onClick={() => setAct("snapshot")}>
        Keep by a name…
      </Button>
      <Button size="s" {...off} onClick={search}>
        Search from here
      </Button>
      <Menu
        label="More for this line"
        items={[
          { label: "Fork here…", onSelect: () => setAct("fork"), disabled: !may.edit, hint: may.edit ? undefined : needs("editor") },
          { label: "Go back to this generation…", onSelect: () => setAct("restore"), disabled: !may.edit || number === latest, hint: number === latest ? "It is the latest." : may.edit ? undefined : needs("editor") },
          { label: "Export the line", onSelect: () => void download(`/v1/generations/${line.id}/export`, `${line.prompt}-generations.json`).catch(toastError) },
          "-",
          { label: "Remove the line…", danger: true, onSelect: () => setAct("remove"), disabled: !may.edit },
        ]}
      />
      {act === "snapshot" ? <Keep line={line} number={number} latest={latest} onClose={close} /> : null}
      {act === "fork" ? <Fork line={line} number={number} latest={latest} onClose={close} /> : null}
      {act === "restore" ? <Restore line={line} number={number} latest={latest} onClose={close} /> : null}
      {act === "remove" ? <Remove line={line} onClose={close} /> : null}
    </>
  );
}

function Keep({ line, number, onClose }: Of & { onClose: () => void }) {
  const [name, setName] = useState("");
  const [note, setNote] = useState("");
  const keep = useChange("post", "/v1/generations/{line_id}/snapshots", AGAIN);
  const done = () => {
    onClose();
    toast(`${name.trim()} names generation ${number}`);
  };
  return (
    <FormDialog open onOpenChange={(on) => on || onClose()} title={`Keep generation ${number} by a name`} description="A name can be used wherever a number can. One that is there already moves to this generation." submit="Keep" busy={keep.isPending} error={keep.error} disabled={!name.trim()} onSubmit={() => keep.mutate({ path: { line_id: line.id }, body: { name: name.trim(), note, number, best: false } }, { onSuccess: done })}>
      <Field label="Name" required error={errorFor(keep.error, "name")}>
        <Input mono autoFocus maxLength={100} value={name} onChange={(event) => setName(event.target.value)} placeholder="good" />
      </Field>
      <Field label="Note" error={errorFor(keep.error, "note")}>
        <Textarea maxLength={2000} value={note} onChange={(event) => setNote(event.target.value)} />
      </Field>
    </FormDialog>
  );
}

function Fork({ line, number, onClose }: Of & { onClose: () => void }) {
  const [name, setName] = useState("");
  const navigate = useNavigate();
  const fork = useChange("post", "/v1/generations/{line_id}/fork", AGAIN);
  const done = (made: Line) => {
    toast("The fork is there");
    void navigate({ to: `/optimize/generations/${made.id}` });
  };
  return (
    <FormDialog open onOpenChange={(on) => on || onClose()} title={`Fork at generation ${number}`} description="A line of its own that begins with this generation. The one it leaves stays as it is." submit="Fork" busy={fork.isPending} error={fork.error} onSubmit={() => fork.mutate({ path: { line_id: line.id }, body: { number, name: name.trim(), best: false } }, { onSuccess: done })}>
      <Field label="Name" error={errorFor(fork.error, "name")}>
        <Input autoFocus maxLength={200} value={name} onChange={(event) => setName(event.target.value)} placeholder="another way" />
      </Field>
    </FormDialog>
  );
}

function Restore({ line, number, latest, onClose }: Of & { onClose: () => void }) {
  const restore = useChange("post", "/v1/generations/{line_id}/restore", AGAIN);
  const done = () => {
    onClose();
    toast(`A copy of generation ${number} is the latest now`);
  };
  return (
    <ConfirmDialog open onOpenChange={(on) => on || onClose()} title={`Go back to generation ${number}?`} submit="Go back" busy={restore.isPending} error={restore.error} onSubmit={() => restore.mutate({ path: { line_id: line.id }, body: { number, best: false } }, { onSuccess: done })}>
      A copy of it becomes generation {(latest ?? 0) + 1}, the latest. What came between stays.
    </ConfirmDialog>
  );
}

function Remove({ line, onClose }: { line: Line; onClose: () => void }) {
  const navigate = useNavigate();
  const remove = useChange("delete", "/v1/generations/{line_id}", { invalidates: [] });
  const done = () => {
    toast(`The generations of ${nameOfLine(line)} are removed`);
    void navigate({ to: "/optimize", search: { tab: "generations" } as never });
  };
  return (
    <ConfirmDialog open onOpenChange={(on) => on || onClose()} title="Remove this line?" submit="Remove the line" danger busy={remove.isPending} error={remove.error} onSubmit={() => remove.mutate({ path: { line_id: line.id } }, { onSuccess: done })}>
      All its generations and candidates go, also from the lineage. Versions that were made of them stay. Export it first to keep a copy.
    </ConfirmDialog>
  );
}

/** Generations that have names. */
export function Snapshots({ line, snapshots, onOpen }: { line: Line; snapshots: readonly Snapshot[]; onOpen: (number: number) => void }) {
  const may = useMay();
  const forget = useChange("delete", "/v1/generations/{line_id}/snapshots/{snapshot}", AGAIN);
  const columns: Column<Snapshot>[] = [
    { key: "name", head: "Name", cell: (row) => <span className="font-mono text-13 wrap-anywhere">{row.name}</span> },
    { key: "number", head: "Generation", align: "end", width: "w-28", cell: (row) => row.number },
    { key: "note", head: "Note", hideBelow: "sm", cell: (row) => <span className="wrap-anywhere">{row.note || "–"}</span> },
    { key: "at", head: "Kept", align: "end", width: "w-32", hideBelow: "md", cell: (row) => <RelativeTime at={row.created_at} className="text-muted" /> },
    {
      key: "act",
      head: <span className="sr-only">Acts</span>,
      align: "end",
      width: "w-28",
      cell: (row) => (
        <Button size="s" variant="ghost" busy={forget.isPending && forget.variables.path.snapshot === row.name} disabled={!may.edit} why={needs("editor")} aria-label={`Forget ${row.name}`} onClick={() => forget.mutate({ path: { line_id: line.id, snapshot: row.name } }, { onSuccess: () => toast(`${row.name} is forgotten; the generation stays`), onError: toastError })}>
          Forget
        </Button>
      ),
    },
  ];
  return (
    <Section title="Snapshots">
      <Table label="Snapshots" columns={columns} rows={snapshots} rowKey={(row) => row.name} onOpen={(row) => onOpen(row.number)} />
    </Section>
  );
}
