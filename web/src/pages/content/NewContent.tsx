import { FileUp } from "lucide-react";
import { useMemo, useRef, useState } from "react";
import { useChange } from "@/api/hooks";
import { Button, Field, FormDialog, Input, Segments, Select, Textarea, errorFor, toast } from "@/kit";
import { bytes, plural } from "@/lib/format";
import { textOfFile } from "@/lib/text-of-file";
import { PickFile } from "./PickFile";
import { FILE_MOST_BYTES, type Picked, SOURCES, type Source, bodyOf, contentsOf } from "./job";

const FROM = [
  { value: "text", label: "Its text" },
  { value: "file", label: "A file" },
  { value: "url", label: "Its address" },
  { value: "many", label: "Several" },
] as const;
const EXAMPLE = 'Where is my parcel?\n{"external_id": "chat-18", "content": "Thank you!"}';

/** Reads one content, or several in one call, which are then followed together. */
export function NewContent({ onClose, onMade, onMany }: { onClose: () => void; onMade: (id: string) => void; onMany: (group: string) => void }) {
  const [source, setSource] = useState<Source>("document");
  const [from, setFrom] = useState<(typeof FROM)[number]["value"]>("text");
  const [text, setText] = useState("");
  const [url, setUrl] = useState("");
  const [file, setFile] = useState<Picked | null>(null);
  const [name, setName] = useState("");
  const [user, setUser] = useState("");
  const [lines, setLines] = useState("");
  const many = useMemo(() => given(lines), [lines]);
  const readMany = useChange("post", "/v1/enrichments/batch", { invalidates: ["/v1/enrichments"] });
  const read = useChange("post", "/v1/enrichments", { invalidates: ["/v1/enrichments"] });
  const isReady = from === "many" ? many.items.length > 0 : from === "file" ? file !== null : Boolean((from === "text" ? text : url).trim());
  const error = from === "many" ? readMany.error : read.error;
  const pick = (next: Picked | null) => {
    read.reset(); // what was wrong with the file before
    setFile(next);
  };
  const submit = () =>
    from === "many"
      ? readMany.mutate(
          { body: { source_type: source, items: many.items } },
          {
            onSuccess: (made) => {
              onMany(made.group_id);
              toast(`${plural(made.ids.length, "content")} will be read`);
            },
          },
        )
      : read.mutate(
          { query: { wait_s: 0 }, body: bodyOf({ source, from, text, url, file, name, user }) },
          {
            onSuccess: (made) => {
              onMade(made.id);
              toast("It is being read");
            },
          },
        );
  return (
    <FormDialog open onOpenChange={(open) => !open && onClose()} title="Read a content" description="It is kept with its result, for as many days as the workspace keeps text." submit={from === "many" ? "Read them" : "Read it"} onSubmit={submit} busy={read.isPending || readMany.isPending} error={error} missing={isReady ? undefined : { file: "Choose a file first.", many: "There are no lines yet.", text: undefined, url: undefined }[from]} disabled={!isReady}>
      <Field label="Kind" error={errorFor(error, "source_type")}>
        <Select value={source} onChange={setSource} options={SOURCES} />
      </Field>
      <div>
        <Segments label="Given by" value={from} onChange={setFrom} options={FROM} />
      </div>
      {from === "text" ? (
        <Field label="Text" hint={source === "conversation" ? 'What was said, or {"messages": [{"role": "user", "content": "…"}]}.' : undefined} error={errorFor(read.error, "content")} required>
          <Textarea rows={7} value={text} onChange={(event) => setText(event.target.value)} />
        </Field>
      ) : from === "file" ? (
        <PickFile picked={file} onPick={pick} fault={errorFor(read.error, "content.file_data") ?? errorFor(read.error, "content")} />
      ) : from === "many" ? (
        <Lines lines={lines} setLines={setLines} fault={many.fault ?? errorFor(error, "items")} count={many.items.length} />
      ) : (
        <Field label="Address" hint="A public one, with https: of a page, a text or a PDF. Of a video its transcript, not its page." error={errorFor(read.error, "url")} required>
          <Input mono value={url} onChange={(event) => setUrl(event.target.value)} placeholder="https://" />
        </Field>
      )}
      {from === "many" ? null : (
        <div className="grid grid-cols-1 gap-4 sm:grid-cols-2">
          <Field label="Your id for it" error={errorFor(read.error, "external_id")}>
            <Input mono value={name} onChange={(event) => setName(event.target.value)} placeholder="chat-17" />
          </Field>
          <Field label="End user" hint="For erasures." error={errorFor(read.error, "user_id")}>
            <Input mono value={user} onChange={(event) => setUser(event.target.value)} />
          </Field>
        </div>
      )}
    </FormDialog>
  );
}

function given(lines: string): { items: ReturnType<typeof contentsOf>; fault?: string } {
  try {
    return { items: contentsOf(lines) };
  } catch (error) {
    return { items: [], fault: error instanceof Error ? error.message : String(error) };
  }
}

function Lines({ lines, setLines, fault, count }: { lines: string; setLines: (lines: string) => void; fault?: string; count: number }) {
  const input = useRef<HTMLInputElement>(null);
  const [fileFault, setFileFault] = useState<string | null>(null);
  // What is typed or chosen later stays: no text that was on its way comes over it.
  const turn = useRef(0);
  const type = (next: string) => {
    turn.current++;
    setFileFault(null);
    setLines(next);
  };
  const take = async (picked: File | undefined) => {
    if (!picked) return;
    const mine = ++turn.current;
    setFileFault(null);
    try {
      if (picked.size > FILE_MOST_BYTES) throw new Error(`${picked.name} is ${bytes(picked.size)}; at most ${bytes(FILE_MOST_BYTES)} go at once. Send it in parts.`);
      const text = textOfFile(await picked.arrayBuffer());
      if (turn.current === mine) setLines(text);
    } catch (problem) {
      if (turn.current === mine) setFileFault(problem instanceof Error ? problem.message : String(problem));
    } finally {
      // The same file once more, after it was mended, is a choice too.
      if (input.current) input.current.value = "";
    }
  };
  return (
    <div className="flex flex-col gap-2">
      <Field label="Contents" hint="One a line: its text, or a JSON object with content, messages or url, and external_id, user_id and metadata where you have them." error={fileFault ?? fault} required>
        <Textarea mono rows={7} value={lines} onChange={(event) => type(event.target.value)} placeholder={EXAMPLE} className="max-h-64!" />
      </Field>
      <div className="flex flex-wrap items-center gap-3">
        <input ref={input} type="file" accept=".txt,.jsonl,.ndjson,text/plain,application/x-ndjson" aria-label="File of contents" className="sr-only" tabIndex={-1} onChange={(event) => void take(event.target.files?.[0])} />
        <Button size="s" icon={<FileUp size={14} aria-hidden />} onClick={() => input.current?.click()}>
          Choose a file
        </Button>
        <span role="status" className="numeric text-12 text-muted">
          {count > 0 ? plural(count, "content") : ""}
        </span>
      </div>
    </div>
  );
}
