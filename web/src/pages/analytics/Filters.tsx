import type { ReactNode } from "react";
import { usePromptChoices } from "@/api/choices";
import { useModels } from "@/api/models";
import { Combobox, Select, Toolbar } from "@/kit";
import type { StateOf } from "@/lib/url-state";
import { RANGES, RANGE_NAMES, isApart, isHourly, type shape } from "./range";

type State = StateOf<typeof shape>;

const TRAFFIC = [
  { value: "live", label: "Live traffic" },
  { value: "batch", label: "Test runs" },
  { value: "all", label: "All traffic" },
] as const;

/** Range, prompt, model and traffic; `children` is what a page adds. Apps, keys and providers are not kept by model, and providers not by the minute. */
export function Filters({ state, set, children }: { state: State; set: (changed: Partial<State>) => void; children?: ReactNode }) {
  const prompts = usePromptChoices(state.prompt);
  const { choices: models } = useModels();
  const byDimension = isApart(state.group);
  return (
    <Toolbar>
      <Select compact aria-label="Range" value={state.range} onChange={(range) => set({ range })} options={RANGE_NAMES.map((one) => ({ value: one, label: RANGES[one].label, disabled: RANGES[one].grain === "minute" && isHourly(state.group) }))} />
      <Combobox label="Prompt" value={state.prompt || null} clear="All prompts" {...prompts} onChange={(prompt) => set({ prompt: prompt ?? "" })} className="max-w-60" />
      <Combobox label="Model" value={state.model || null} clear="All models" choices={models} disabled={byDimension} onChange={(model) => set({ model: model ?? "" })} className="max-w-60" />
      <Select compact aria-label="Traffic" value={state.traffic} onChange={(traffic) => set({ traffic })} options={TRAFFIC} />
      {children}
    </Toolbar>
  );
}

/** The filters as the API takes them. */
export function filtersOf({ prompt, model, traffic, group }: State): { prompt?: string; model?: string; traffic?: "live" | "batch" } {
  const byDimension = isApart(group);
  return { prompt: prompt || undefined, model: byDimension ? undefined : model || undefined, traffic: traffic === "all" ? undefined : traffic };
}
