import { useNavigate, useSearch } from "@tanstack/react-router";
import { Bookmark, ChevronDown } from "lucide-react";
import { useState } from "react";
import { useAuthors } from "@/api/authors";
import { change, useChange, useRead } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Button, Dialog, EmptyState, Field, FormDialog, Input, Menu, Notice, RelativeTime, UNCHANGED, errorFor, toast, toastError, useUndo } from "@/kit";
import type { Search } from "@/lib/search";
import type { Codec } from "@/lib/url-state";
import { type Place, type View, filterNames, inWords, isSame, keptOf, leftOutOf, namedAlike, shown } from "./views";

const AGAIN = ["/v1/views"];
const NAME_MOST = 80;
const NONE: readonly View[] = [];

/** A page's filters under names that all members find. `shape`: that of the page's address. */
// oxlint-disable-next-line typescript/no-explicit-any
export function Views({ place, shape }: { place: Place; shape: Record<string, Codec<any>> }) {
  const names = filterNames(shape);
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const may = useMay();
  const found = useRead("/v1/views", { query: { place } });
  const [opened, setOpened] = useState<"save" | "manage" | null>(null);
  const views = found.data?.data ?? NONE;
  const kept = keptOf(search, names);
  const isNone = Object.keys(kept).length === 0;
  const here = isNone ? undefined : views.find((one) => isSame(keptOf(one.filters, names), kept));
  const show = (view: View) => void navigate({ to: ".", search: ((was: Search) => shown(view, was, names)) as never });
  return (
    <>
      <Menu
        label="Saved views"
        trigger={
          <Button icon={<Bookmark size={14} aria-hidden />} className={here ? "border-accent! bg-accent-soft!" : undefined}>
            <span className="max-w-40 truncate">{here ? here.name : "Views"}</span>
            <ChevronDown size={14} aria-hidden className="text-muted" />
          </Button>
        }
        items={[
          ...(views.length === 0 ? [{ heading: found.isPending ? "Looking…" : found.error ? "The views could not be read." : "No view of this page is saved yet." }] : []),
          ...views.map((one) => ({ key: one.id, label: one.name, hint: inWords(one.filters), checked: one === here, onSelect: () => show(one) })),
          "-" as const,
          { label: "Save these filters…", disabled: !may.edit || isNone, hint: may.edit ? (isNone ? "No filter holds." : undefined) : needs("editor"), onSelect: () => setOpened("save") },
          ...(views.length === 0 ? [] : [{ label: "All views of this page…", onSelect: () => setOpened("manage") }]),
        ]}
      />
      {opened === "save" ? <SaveView place={place} filters={kept} leftOut={leftOutOf(search, names)} views={views} onClose={() => setOpened(null)} /> : null}
      {opened === "manage" ? <AllViews views={views} onShow={(view) => (setOpened(null), show(view))} onClose={() => setOpened(null)} /> : null}
    </>
  );
}

function SaveView({ place, filters, leftOut, views, onClose }: { place: Place; filters: Search; leftOut: string | null; views: readonly View[]; onClose: () => void }) {
  const [typed, setTyped] = useState("");
  const add = useChange("post", "/v1/views", { invalidates: AGAIN });
  const put = useChange("patch", "/v1/views/{view_id}", { invalidates: AGAIN });
  const name = typed.trim();
  const there = namedAlike(views, name);
  const said = { onSuccess: () => (onClose(), toast(there ? `${there.name} shows these filters now` : `${name} is saved; all members find it`)) };
  const send = () => (there ? put.mutate({ path: { view_id: there.id }, body: { filters } }, said) : add.mutate({ body: { place, name, filters } }, said));
  const error = there ? put.error : add.error;
  return (
    <FormDialog open onOpenChange={(open) => !open && onClose()} title="Save these filters" description="All members of the workspace find the view on this page." submit={there ? "Replace its filters" : "Save"} onSubmit={send} busy={add.isPending || put.isPending} error={error} disabled={!name}>
      <Field label="Name" error={errorFor(error, "name")} hint={there ? `There is a view ${there.name}: it gets these filters.` : undefined} required>
        <Input autoFocus value={typed} maxLength={NAME_MOST} onChange={(event) => setTyped(event.target.value)} placeholder="Failed calls of the shop" />
      </Field>
      <p className="text-13 wrap-anywhere text-muted">{inWords(filters)}</p>
      {leftOut ? <Notice tone="neutral">A view names nobody: {leftOut} stays out of it.</Notice> : null}
    </FormDialog>
  );
}

function AllViews({ views, onShow, onClose }: { views: readonly View[]; onShow: (view: View) => void; onClose: () => void }) {
  const may = useMay();
  const nameOf = useAuthors();
  const [renamed, setRenamed] = useState<View | null>(null);
  const remove = useChange("delete", "/v1/views/{view_id}", { invalidates: AGAIN });
  const undo = useUndo(AGAIN);
  const away = (view: View) =>
    remove.mutate(
      { path: { view_id: view.id } },
      {
        onSuccess: () => toast(`${view.name} is removed`, undo(() => change("post", "/v1/views", { body: { place: view.place as Place, name: view.name, filters: view.filters } }), `${view.name} is there again`)),
        onError: toastError,
      },
    );
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title="Views of this page" description="All members of the workspace find them.">
      {views.length === 0 ? <EmptyState title="None is left">Set filters on the page, and save them under a name.</EmptyState> : null}
      <ul aria-label="Views" className="flex flex-col divide-y divide-line">
        {views.map((one) => (
          <li key={one.id} className="flex items-center gap-3 py-2">
            <div className="min-w-0 flex-1">
              <div className="text-13 font-medium wrap-anywhere">{one.name}</div>
              <div className="text-12 wrap-anywhere text-muted">{inWords(one.filters)}</div>
              <div className="text-12 text-muted">
                {nameOf(one.updated_by)}, <RelativeTime at={one.updated_at} />
              </div>
            </div>
            <Menu
              label={`What to do with ${one.name}`}
              items={[
                { label: "Show it", onSelect: () => onShow(one) },
                { label: "Rename…", disabled: !may.edit, hint: may.edit ? undefined : needs("editor"), onSelect: () => setRenamed(one) },
                { label: "Remove", danger: true, disabled: !may.edit, hint: may.edit ? undefined : needs("editor"), onSelect: () => away(one) },
              ]}
            />
          </li>
        ))}
      </ul>
      {renamed ? <Rename view={renamed} views={views} onClose={() => setRenamed(null)} /> : null}
    </Dialog>
  );
}

function Rename({ view, views, onClose }: { view: View; views: readonly View[]; onClose: () => void }) {
  const [typed, setTyped] = useState(view.name);
  const put = useChange("patch", "/v1/views/{view_id}", { invalidates: AGAIN });
  const name = typed.trim();
  const there = namedAlike(views, name);
  const taken = there && there.id !== view.id ? `There is a view ${there.name} already.` : undefined;
  const send = () => put.mutate({ path: { view_id: view.id }, body: { name } }, { onSuccess: () => (onClose(), toast(`It is called ${name} now`)) });
  return (
    <FormDialog open onOpenChange={(open) => !open && onClose()} title={`Rename ${view.name}`} submit="Rename" onSubmit={send} busy={put.isPending} error={put.error} missing={name === view.name ? UNCHANGED : undefined} disabled={!name || name === view.name || Boolean(taken)}>
      <Field label="Name" error={taken ?? errorFor(put.error, "name")} required>
        <Input autoFocus value={typed} maxLength={NAME_MOST} onChange={(event) => setTyped(event.target.value)} />
      </Field>
    </FormDialog>
  );
}
