import { Check, Minus } from "lucide-react";
import { type Column, Table } from "@/kit";

type Right = { what: string; viewer: boolean; editor: boolean; admin: boolean };

/** As docs/guides/access.md says; the API decides. */
const RIGHTS: Right[] = [
  { what: "Read prompts, runs, figures and alerts", viewer: true, editor: true, admin: true },
  { what: "Run prompts", viewer: true, editor: true, admin: true },
  { what: "Send feedback, label answers", viewer: false, editor: true, admin: true },
  { what: "Change prompts and labels (a workspace may leave this to admins)", viewer: false, editor: true, admin: true },
  { what: "Datasets, test runs, optimization jobs, suggestions", viewer: false, editor: true, admin: true },
  { what: "Alert rules", viewer: false, editor: true, admin: true },
  { what: "Webhooks, API keys, provider keys", viewer: false, editor: false, admin: true },
  { what: "Members, budgets, settings, audit log, export, erasure", viewer: false, editor: false, admin: true },
];

function Says({ yes }: { yes: boolean }) {
  return yes ? <Check size={16} aria-label="Yes" className="mx-auto text-ok" /> : <Minus size={16} aria-label="No" className="mx-auto text-muted" />;
}

const COLUMNS: Column<Right>[] = [
  { key: "what", head: "What", cell: (row) => row.what },
  { key: "viewer", head: <span className="block text-center">Viewer</span>, width: "w-20", cell: (row) => <Says yes={row.viewer} /> },
  { key: "editor", head: <span className="block text-center">Editor</span>, width: "w-20", cell: (row) => <Says yes={row.editor} /> },
  { key: "admin", head: <span className="block text-center">Admin</span>, width: "w-20", cell: (row) => <Says yes={row.admin} /> },
];

export function Roles() {
  return <Table label="What each role may" columns={COLUMNS} rows={RIGHTS} rowKey={(row) => row.what} />;
}
