import { FileUp } from "lucide-react";
import { useRef, useState } from "react";
import { Button, FieldFault } from "@/kit";
import { type Picked, pickedFrom } from "./job";

/** A PDF or a text from somebody's computer. */
export function PickFile({ picked, onPick, fault }: { picked: Picked | null; onPick: (picked: Picked | null) => void; fault?: string }) {
  const input = useRef<HTMLInputElement>(null);
  const [problem, setProblem] = useState<string | null>(null);
  // What is chosen later stays: no file that was still being read comes over it.
  const turn = useRef(0);
  const take = async (file: File | undefined) => {
    if (!file) return;
    const mine = ++turn.current;
    setProblem(null);
    onPick(null);
    try {
      const read = await pickedFrom(file);
      if (turn.current === mine) onPick(read);
    } catch (error) {
      if (turn.current === mine) setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      if (input.current) input.current.value = "";
    }
  };
  return (
    <div className="flex flex-col gap-2">
      <div className="flex flex-wrap items-center gap-3">
        <input ref={input} type="file" accept=".pdf,.txt,.md,.json,.vtt,.srt,application/pdf,text/*" aria-label="File of a content" className="sr-only" tabIndex={-1} onChange={(event) => void take(event.target.files?.[0])} />
        <Button size="s" icon={<FileUp size={14} aria-hidden />} onClick={() => input.current?.click()}>
          {picked ? "Choose another" : "Choose a file"}
        </Button>
        <span role="status" className="min-w-0 truncate text-12">
          {picked?.name ?? ""}
        </span>
      </div>
      <p className="text-12 text-muted">A PDF with text in it, of at most 500 pages, or a text. The words are kept, the file is not.</p>
      <FieldFault text={problem ?? (picked ? fault : undefined)} />
    </div>
  );
}
