import { useQueryClient } from "@tanstack/react-query";
import { FileUp } from "lucide-react";
import { type ReactNode, useRef, useState } from "react";
import { invalidate } from "@/api/hooks";
import { sendLines } from "@/api/lines";
import { Button } from "@/kit";
import { bytes } from "@/lib/format";
import { textOfFile } from "@/lib/text-of-file";
import { type BatchFile, type LineKind, kindOf } from "./model";

const FILE_MOST_BYTES = 32 * 1024 * 1024;
const HEAD_BYTES = 1024 * 1024;

/** Takes lines in as a file of the workspace; says what the first of them is. Throws an Error that says what to mend. */
export async function uploadLines(lines: Blob, name: string): Promise<{ file: BatchFile; kind: LineKind }> {
  if (lines.size > FILE_MOST_BYTES) throw new Error(`${name} is ${bytes(lines.size)}; at most ${bytes(FILE_MOST_BYTES)} go into one file. Split it, and make a batch of each part.`);
  const head = textOfFile(await lines.slice(0, HEAD_BYTES).arrayBuffer(), { cut: lines.size > HEAD_BYTES });
  const first = head.split("\n").find((line) => line.trim());
  if (first === undefined) throw new Error(`${name} is empty.`);
  const kind = kindOf(first);
  return { file: await sendLines<BatchFile>(`/v1/files?name=${encodeURIComponent(name.slice(0, 200))}`, lines), kind };
}

/** Chooses a file of JSON lines, and takes it in at once. */
export function UploadButton({ onDone, onError, variant, disabled, why, children }: { onDone: (found: { file: BatchFile; kind: LineKind }) => void; onError: (error: unknown) => void; variant?: "primary"; disabled?: boolean; why?: string; children: ReactNode }) {
  const input = useRef<HTMLInputElement>(null);
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const take = async (picked: File | undefined) => {
    if (!picked) return;
    setBusy(true);
    try {
      const found = await uploadLines(picked, picked.name);
      await invalidate(queries, ["/v1/files"]);
      onDone(found);
    } catch (error) {
      onError(error);
    } finally {
      setBusy(false);
      // The same file once more, after it was mended, is a choice too.
      if (input.current) input.current.value = "";
    }
  };
  return (
    <>
      <input ref={input} type="file" accept=".jsonl,.ndjson,.json,.txt,application/x-ndjson" aria-label="File of JSON lines" className="sr-only" tabIndex={-1} onChange={(event) => void take(event.target.files?.[0])} />
      <Button variant={variant} busy={busy} disabled={disabled} why={why} icon={<FileUp size={14} aria-hidden />} onClick={() => input.current?.click()}>
        {children}
      </Button>
    </>
  );
}
