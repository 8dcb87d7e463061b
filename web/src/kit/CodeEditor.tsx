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
  const height = (props.minLines ?? 6) * LINE_PX + 18;
  return (
    <Suspense fallback={<div aria-hidden style={{ height }} className="rounded-m border border-line-strong bg-panel" />}>
      <Editor {...props} />
    </Suspense>
  );
}
