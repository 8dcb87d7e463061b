import { FileText, FileX, Image, Link, Paperclip, RotateCw, X } from "lucide-react";
import { type ClipboardEvent, type DragEvent, type ReactNode, useRef, useState } from "react";
import { Button, IconButton } from "@/kit/Button";
import { announce } from "@/kit/Toast";
import { type Attached, type Held, PICTURES, attach, coming, heldIn, inPlaceOf, wantsPicture } from "@/lib/attached";
import { classes } from "@/lib/classes";
import { bytes } from "@/lib/format";
import { ByAddress } from "./ByAddress";

type Props = {
  /** What they stand beside, such as "message 1": the name of it for who does not see it. */
  of: string;
  files: readonly Attached[];
  onChange: (change: (before: readonly Attached[]) => readonly Attached[]) => void;
  /** Of each, in bytes as it is sent. */
  most: number;
  only?: "pictures";
  /** One at most: the next one takes its place. */
  single?: boolean;
  /** Nothing new is taken: only what is there is shown. */
  closed?: boolean;
  /** What files may be dropped on and pasted into besides. */
  children?: ReactNode;
};

/** Takes pictures and files by choice, drop and paste, and shows what there is. */
export function Attach({ of, files, onChange, most, only, single, closed, children }: Props) {
  const input = useRef<HTMLInputElement>(null);
  // What the open chooser is for; the one before it may have been closed without a choice.
  const chosenFor = useRef<Attached | null>(null);
  const [isOver, setOver] = useState(false);
  const [asksAddress, setAsksAddress] = useState(false);
  const [faults, setFaults] = useState<readonly string[]>([]);
  const take = async (chosen: readonly File[], instead: Attached | null = null) => {
    if (input.current) input.current.value = ""; // The same file once more is a choice too.
    if (chosen.length === 0) return;
    // Whoever presses Run meanwhile sends nothing without them.
    const awaited = chosen.map(coming);
    if (!instead) onChange((before) => [...before, ...awaited]);
    const read = await Promise.all(chosen.map((one) => attach(one, { most, only: instead && wantsPicture(instead) ? "pictures" : only }).catch(() => ({ why: `${one.name}: cannot be read.` }))));
    const taken = read.filter((one): one is Attached => "part" in one);
    setFaults(read.flatMap((one) => ("why" in one ? [one.why] : [])));
    onChange((before) => {
      if (instead) return before.flatMap((one) => (one.id === instead.id ? inPlaceOf(one, taken) : [one]));
      // What was taken out while it was read stays out.
      const after = before.flatMap((one) => {
        const at = awaited.findIndex(({ id }) => id === one.id);
        const here = read[at];
        return at === -1 ? [one] : here && "part" in here ? [here] : [];
      });
      return single ? after.slice(-1) : after;
    });
    if (taken.length === 0) return;
    announce(`Attached: ${taken.map((one) => one.name).join(", ")}`);
  };
  const choose = (instead: Attached | null) => {
    chosenFor.current = instead;
    input.current?.click();
  };
  const over = (event: DragEvent) => {
    if (closed || !event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    event.stopPropagation();
    setOver(true);
  };
  // Before the editor within gets them: it would put a file in as a text.
  const drop = (event: DragEvent) => {
    setOver(false);
    if (closed || event.dataTransfer.files.length === 0) return;
    event.preventDefault();
    event.stopPropagation();
    void take([...event.dataTransfer.files]);
  };
  const takeAddressed = (one: Attached) => {
    setFaults([]);
    onChange((before) => [...before, one]);
    announce(`Attached: ${one.name}`);
  };
  const paste = (event: ClipboardEvent) => {
    const { files: pasted } = event.clipboardData;
    // Sheets and documents put a picture of what was copied beside its text: there the text is meant.
    if (closed || pasted.length === 0 || event.clipboardData.types.includes("text/plain")) return;
    event.preventDefault();
    event.stopPropagation();
    void take([...pasted]);
  };
  return (
    <>
      <div
        onDragOverCapture={over}
        onDragLeave={(event) => (event.currentTarget.contains(event.relatedTarget as Node | null) ? undefined : setOver(false))}
        onDropCapture={drop}
        onPasteCapture={paste}
        className={classes("flex min-w-0 flex-col gap-2 rounded-m", isOver && "outline-2 outline-offset-2 outline-accent outline-dashed")}
      >
        {children}
        <FileList
          label={`Files of ${of}`}
          files={files}
          acts={(one, held) => (
            <>
              {held.isLost && !closed ? (
                <Button size="s" icon={<RotateCw size={12} aria-hidden />} onClick={() => choose(one)} aria-label={`Attach again: ${one.name}`}>
                  Attach again
                </Button>
              ) : null}
              <IconButton
                size="s"
                label={`Take out ${one.name}`}
                icon={<X size={14} aria-hidden />}
                onClick={() => {
                  onChange((before) => before.filter((other) => other.id !== one.id));
                  announce(`Taken out: ${one.name}`);
                }}
              />
            </>
          )}
        />
        {closed ? null : (
          <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <input ref={input} type="file" multiple={!single} accept={only === "pictures" ? PICTURES.join(",") : undefined} aria-label={`File for ${of}`} className="sr-only" tabIndex={-1} onChange={(event) => void take([...(event.target.files ?? [])], chosenFor.current)} />
            <Button size="s" icon={<Paperclip size={12} aria-hidden />} onClick={() => choose(null)} aria-label={`${only === "pictures" ? "Attach a picture" : "Attach a file"} to ${of}`}>
              {only === "pictures" ? "Attach a picture" : "Attach a file"}
            </Button>
            {/* A variable that is a picture has a field for its address. */}
            {only ? null : (
              <Button size="s" icon={<Link size={12} aria-hidden />} onClick={() => setAsksAddress(true)} aria-label={`By address: attach to ${of}`}>
                By address
              </Button>
            )}
          </span>
        )}
        {faults.length > 0 ? (
          <ul role="alert" className="flex flex-col gap-0.5 text-12 text-bad">
            {faults.map((one, at) => (
              <li key={at} className="wrap-anywhere">
                {one}
              </li>
            ))}
          </ul>
        ) : null}
      </div>
      {closed || only ? null : <ByAddress isOpen={asksAddress} setOpen={setAsksAddress} onTake={takeAddressed} />}
    </>
  );
}

/** Files that go with a message, or went. A picture is shown only where its bytes are here: none is ever fetched from an address. */
export function FileList({ label, files, acts, large }: { label: string; files: readonly Attached[]; acts?: (one: Attached, held: Held) => ReactNode; /** Pictures as large as they can be looked at. */ large?: boolean }) {
  if (files.length === 0) return null;
  return (
    <ul aria-label={label} className="flex min-w-0 flex-col gap-1.5">
      {files.map((one) => {
        const held = heldIn(one.part);
        const Icon = held.isLost ? FileX : held.isPicture ? Image : FileText;
        return (
          <li key={one.id} className={classes("flex max-w-full min-w-0 gap-2 rounded-m border border-line bg-panel p-1.5 text-12", large && held.picture ? "flex-col items-start" : "items-center")}>
            {held.picture ? (
              <img src={held.picture} alt="" className={classes("rounded-s border border-line bg-sunken object-contain", large ? "max-h-40 max-w-full" : "size-9 shrink-0")} />
            ) : (
              <span aria-hidden className={classes("grid size-9 shrink-0 place-items-center rounded-s bg-sunken", held.isLost ? "text-warn" : "text-muted")}>
                <Icon size={16} />
              </span>
            )}
            <span className="flex min-w-0 flex-1 flex-col">
              <span className="font-medium wrap-anywhere">{one.name}</span>
              <span className="numeric text-muted">{one.isComing ? "being read" : about(held)}</span>
            </span>
            {acts ? <span className="flex shrink-0 items-center gap-1">{acts(one, held)}</span> : null}
          </li>
        );
      })}
    </ul>
  );
}

function about({ kind, size, address, isLost }: Held): string {
  return [kind, size === null ? "" : bytes(size), address ? "by its address" : "", isLost ? "not kept" : ""].filter(Boolean).join(", ") || "made of parts";
}
