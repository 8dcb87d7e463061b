import { FileStack } from "lucide-react";
import { useState } from "react";
import { useNavigate } from "@tanstack/react-router";
import { useChange, usePages } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { type Column, ConfirmDialog, EmptyState, Menu, Page, PagedTable, RelativeTime, toast, toastError } from "@/kit";
import { download } from "@/kit/Download";
import { bytes } from "@/lib/format";
import { UploadButton } from "./UploadButton";
import { type BatchFile, atOf } from "./model";

const CODE = `curl "$URL/v1/files?name=names.jsonl" -H "Authorization: Bearer $KEY" \\
  -H 'Content-Type: application/x-ndjson' --data-binary @names.jsonl`;

/** What was uploaded for batches. */
export default function FilesPage() {
  const may = useMay();
  const navigate = useNavigate();
  const pages = usePages("/v1/files");
  const [deleted, setDeleted] = useState<BatchFile | null>(null);
  const upload = (
    <UploadButton variant="primary" disabled={!may.edit} why={needs("editor")} onDone={({ file }) => toast(`${file.filename} is here for seven days`)} onError={toastError}>
      Upload a file
    </UploadButton>
  );
  const columns: Column<BatchFile>[] = [
    {
      key: "name",
      head: "File",
      cell: (row) => (
        <span className="block min-w-0 py-1">
          <span className="block font-medium wrap-anywhere">{row.filename}</span>
          <span className="text-12 text-muted sm:hidden">{bytes(row.bytes)}</span>
        </span>
      ),
    },
    { key: "size", head: "Size", align: "end", width: "w-24", hideBelow: "sm", cell: (row) => bytes(row.bytes) },
    { key: "at", head: "Uploaded", align: "end", width: "w-28", hideBelow: "md", cell: (row) => <RelativeTime at={atOf(row.created_at)} className="text-muted" /> },
    { key: "until", head: "Deleted", align: "end", width: "w-28", cell: (row) => <RelativeTime at={atOf(row.expires_at)} className="text-muted" /> },
    {
      key: "acts",
      head: <span className="sr-only">Acts</span>,
      align: "end",
      width: "w-12",
      cell: (row) => (
        <Menu
          label={`What to do with ${row.filename}`}
          items={[
            { label: "Make a batch of it", disabled: !may.edit, onSelect: () => void navigate({ to: "/batches", search: { new: "1", file: row.id } as never }) },
            { label: "Download", onSelect: () => void download(`/v1/files/${row.id}/content`, row.filename).catch(toastError) },
            "-",
            { label: "Delete", danger: true, disabled: !may.edit, onSelect: () => setDeleted(row) },
          ]}
        />
      ),
    },
  ];
  return (
    <Page title="Files of batches" subtitle="JSON lines that batches are made of. A file is kept for seven days; its batches do not need it any more." back={{ to: "/batches", label: "Batches" }} actions={upload}>
      <PagedTable
        label="Files"
        columns={columns}
        pages={pages}
        rowKey={(row) => row.id}
        empty={
          <EmptyState icon={<FileStack size={18} />} title="No files" action={upload} code={CODE}>
            One JSON object a line: an input with its variables, or a whole request.
          </EmptyState>
        }
      />
      {deleted ? <Delete file={deleted} onClose={() => setDeleted(null)} /> : null}
    </Page>
  );
}

function Delete({ file, onClose }: { file: BatchFile; onClose: () => void }) {
  const remove = useChange("delete", "/v1/files/{file_id}", { invalidates: ["/v1/files"], removes: "/v1/files/{file_id}" });
  const send = () =>
    remove.mutate(
      { path: { file_id: file.id } },
      {
        onSuccess: () => {
          onClose();
          toast(`${file.filename} is deleted`);
        },
      },
    );
  return (
    <ConfirmDialog open onOpenChange={(open) => (open ? undefined : onClose())} title={`Delete ${file.filename}?`} submit="Delete" onSubmit={send} busy={remove.isPending} error={remove.error}>
      Batches that were made of it have their own copy and go on.
    </ConfirmDialog>
  );
}
