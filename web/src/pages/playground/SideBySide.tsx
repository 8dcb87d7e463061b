import { useState } from "react";
import { usePromptChoices } from "@/api/choices";
import { useRead } from "@/api/hooks";
import { useModels } from "@/api/models";
import { Combobox, FormDialog, Several } from "@/kit";
import { plural } from "@/lib/format";
import { type Column, MOST_COLUMNS, productOf, splitAt } from "./state";

/** Versions times models of one prompt, each pair a column. */
export function SideBySide({ columns, onClose, onTake }: { columns: readonly Column[]; onClose: () => void; onTake: (columns: Column[]) => void }) {
  const first = columns.find((one) => one.kind === "prompt" && one.prompt !== "");
  const [prompt, setPrompt] = useState(first?.prompt ?? "");
  const ofPrompt = columns.filter((one) => one.kind === "prompt" && one.prompt === prompt);
  const [ats, setAts] = useState<string[]>([...new Set(ofPrompt.map((one) => one.at).filter(Boolean))]);
  const [models, setModels] = useState<string[]>([...new Set(ofPrompt.map((one) => one.model).filter(Boolean))]);
  const prompts = usePromptChoices(prompt);
  const { choices } = useModels();
  const known = useRead("/v1/prompts/{slug}", { path: { slug: prompt } }, { enabled: prompt !== "" });
  const versions = useRead("/v1/prompts/{slug}/versions", { path: { slug: prompt }, query: { limit: 100 } }, { enabled: prompt !== "" });
  const labels = Object.entries((known.isPlaceholderData ? {} : (known.data?.labels ?? {})) as Record<string, number>);
  const options = [
    ...labels.map(([label, version]) => ({ value: `label:${label}`, label: `${label} (v${version})` })),
    ...(versions.isPlaceholderData ? [] : (versions.data?.data ?? [])).map((one) => ({ value: `version:${one.version}`, label: `v${one.version}`, hint: one.message || undefined })),
  ];
  const made = prompt ? productOf(columns[0], prompt, ats, models) : [];
  const tooMany = made.length > MOST_COLUMNS;
  const words = (one: Column) => `${splitAt(one.at)[1] === undefined ? "the live version" : one.at.startsWith("version:") ? `v${splitAt(one.at)[1]}` : splitAt(one.at)[1]} with ${one.model || "its own model"}`;
  return (
    <FormDialog
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title="Side by side"
      description="Each version with each model becomes a column, and all get the same variables."
      submit={made.length > 1 && !tooMany ? `Make ${made.length} columns` : "Make the columns"}
      onSubmit={() => onTake(made)}
      disabled={made.length === 0 || tooMany}
      missing={tooMany ? `At most ${MOST_COLUMNS} columns.` : undefined}
    >
      <div className="flex min-w-0 flex-col gap-1">
        <span className="text-13 font-medium">Prompt</span>
        <Combobox
          needed
          label="Prompt"
          value={prompt || null}
          placeholder="Choose a prompt"
          onChange={(next) => {
            setPrompt(next ?? "");
            setAts([]);
          }}
          className="w-full"
          {...prompts}
        />
      </div>
      <div className="flex min-w-0 flex-col gap-1">
        <span className="text-13 font-medium">Versions</span>
        <Several label="Versions" add="Add a version" none="The live one." values={ats} onChange={setAts} choices={options} disabled={!prompt} />
      </div>
      <div className="flex min-w-0 flex-col gap-1">
        <span className="text-13 font-medium">Models</span>
        <Several label="Models" add="Add a model" none="Each version’s own." values={models} onChange={setModels} choices={choices} />
      </div>
      <div className="min-h-24 rounded-m bg-sunken px-3 py-2.5 text-13" aria-live="polite">
        {made.length === 0 ? (
          <p className="text-muted">Choose a prompt first.</p>
        ) : tooMany ? (
          <p className="text-bad">
            These are {plural(made.length, "column")}; {MOST_COLUMNS} are the most. Take a version or a model away, or run them all as a batch.
          </p>
        ) : (
          <ol aria-label="Columns" className="flex flex-col gap-1">
            {made.map((one, at) => (
              <li key={at} className="wrap-anywhere">
                <span className="mr-2 font-semibold">{"ABC"[at]}</span>
                {words(one)}
              </li>
            ))}
          </ol>
        )}
      </div>
    </FormDialog>
  );
}
