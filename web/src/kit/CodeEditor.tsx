import { Suspense } from "react";
import { later } from "@/lib/later";

const Editor = later(() => import("./editor/CodeEditor"));

export type CodeEditorProps = {
  value: string;
  onChange?: (value: string) => void;
  /** What is written here, for who does not see. */
  label: string;
  /** template: slots are marked, `{{` offers `variables`, mistakes are underlined. json: mistakes are underlined. */
  language?: "template" | "json" | "python" | "text";
  /** Names that the template may use; what is not among them is marked. Left out: nothing is unknown. */
  variables?: readonly string[];
  readOnly?: boolean;
  minLines?: number;
  maxLines?: number;
  placeholder?: string;
  /** ⌘Enter */
  onSubmit?: () => void;
  /** ⌘S */
  onSave?: () => void;
};

const LINE_PX = 21.45;

/** An editor for prompts, JSON and code. Its place is kept while it loads. Tab leaves it. */
export function CodeEditor(props: CodeEditorProps) {
  const { value, minLines = 6, maxLines = 30 } = props;
  const [least, most] = [minLines * LINE_PX + 18, maxLines * LINE_PX + 18];
  // The text as it will stand, without what an editor can: nothing below it moves when the editor comes.
  const text = (
    <pre aria-busy style={{ minHeight: least, maxHeight: most }} className="overflow-hidden rounded-m border border-line-strong bg-panel py-2 pr-2 pl-10.5 font-mono text-13 leading-[1.65] whitespace-pre-wrap wrap-break-word">
      {value}
    </pre>
  );
  return (
    <Suspense fallback={text}>
      <Editor {...props} />
    </Suspense>
  );
}
