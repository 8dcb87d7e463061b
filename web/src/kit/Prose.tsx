import { type ReactNode, useState } from "react";
import { bytes } from "@/lib/format";
import { classes } from "@/lib/classes";
import { Button } from "./Button";
import { CodeBlock } from "./Copy";

const SHOWN_CHARS = 64_000;
/** A longer word is no text of a person's. Where it breaks, Chromium sets all that is left of it anew, for the pairs that are kerned: of 64,000
 * letters for a minute, in which the page hears nothing. */
const WORD_CHARS = 1_000;

const UNKERNED = { fontKerning: "none" } as const;

const hasEndlessWord = (text: string) => text.split(/\s+/).some((word) => word.length > WORD_CHARS);

/** Text of a model or of somebody else. Never HTML, no picture and no link is ever loaded or followed from it: it is shown as the text
 * it is. Fenced code gets a frame, `code` and **bold** their look; all else stays as written, each paragraph in the direction of its script. Long text shows its beginning first. */
export function Prose({ text, mono, plain, className }: { text: string; mono?: boolean; plain?: boolean; className?: string }) {
  const [whole, setWhole] = useState(false);
  const shown = whole || text.length <= SHOWN_CHARS ? text : text.slice(0, SHOWN_CHARS);
  return (
    <div className={classes("min-w-0", className)}>
      <div style={hasEndlessWord(shown) ? UNKERNED : undefined} className={classes("flex flex-col gap-2 wrap-anywhere whitespace-break-spaces", mono ? "font-mono text-12 leading-5" : "text-14")}>{mono || plain ? <Paragraphs text={shown} /> : blocks(shown)}</div>
      {shown.length < text.length ? (
        <Button size="s" className="mt-2" onClick={() => setWhole(true)}>
          Show the rest ({bytes(text.length - shown.length)})
        </Button>
      ) : null}
    </div>
  );
}

/** Of scripts that run from the right, such as Hebrew and Arabic. */
const FROM_THE_RIGHT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;

/** A line each where some run from the right: with `plaintext` alone Chromium tore “{{name}}” apart in a line that begins with it. */
function Paragraphs({ text, shown = (line) => line }: { text: string; shown?: (line: string) => ReactNode }) {
  if (!FROM_THE_RIGHT.test(text)) return <div dir="auto">{shown(text)}</div>;
  return (
    <div>
      {text.split("\n").map((line, at) => (
        <div key={at} dir="auto" className="min-h-[1lh]">
          {shown(line)}
        </div>
      ))}
    </div>
  );
}

function blocks(text: string): ReactNode[] {
  return text.split(/(^```[^\n]*\n[\s\S]*?\n```[ \t]*$)/m).flatMap((part, index) => {
    const fenced = /^```([^\n]*)\n([\s\S]*?)\n```[ \t]*$/.exec(part);
    if (fenced) return [<CodeBlock key={index} label={fenced[1]?.trim() || "code"} code={fenced[2] ?? ""} wrap />];
    const trimmed = part.replace(/^\n+|\n+$/g, "");
    return trimmed ? [<Paragraphs key={index} text={trimmed} shown={inline} />] : [];
  });
}

function inline(text: string): ReactNode[] {
  return text.split(/(`[^`\n]+`|\*\*[^*\n]+\*\*)/).map((part, index) => {
    if (part.length > 2 && part.startsWith("`") && part.endsWith("`")) {
      return (
        <code key={index} className="rounded-s bg-sunken px-1 text-[0.92em]">
          {part.slice(1, -1)}
        </code>
      );
    }
    if (part.length > 4 && part.startsWith("**") && part.endsWith("**")) {
      return (
        <strong key={index} className="font-semibold">
          {part.slice(2, -2)}
        </strong>
      );
    }
    return part;
  });
}

/** Any value of JSON, indented. */
export function JsonView({ value, label = "JSON", className }: { value: unknown; label?: ReactNode; className?: string }) {
  return <CodeBlock label={label} code={JSON.stringify(value, null, 2) ?? "null"} wrap className={className} />;
}
