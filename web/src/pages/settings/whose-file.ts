export const FORMATS = [
  { value: "bundle", label: "Burnish bundle", hint: "As “Export prompts” writes it." },
  { value: "dspy", label: "DSPy", hint: "A program that was saved as JSON: a prompt for each predictor, with its demonstrations." },
  { value: "langfuse", label: "Langfuse", hint: "Prompts or dataset items, as its API returns them." },
  { value: "litellm", label: "LiteLLM", hint: "The proxy’s config.yaml: its models, their prices and fallbacks. Keys are never taken." },
  { value: "openai", label: "OpenAI prompts", hint: "Prompt objects that were copied together: one, a list, or with versions." },
  { value: "promptfoo", label: "promptfoo", hint: "A configuration as YAML: its prompts, and its tests as a dataset." },
  { value: "source", label: "Source systems", hint: "Prompts, items, executions and models of the systems Burnish grew out of." },
  { value: "tensorzero", label: "TensorZero", hint: "A tensorzero.toml: functions as prompts, variants as versions, and models. Templates stand in other files: `burnish import` takes them along." },
] as const;
export type Format = (typeof FORMATS)[number]["value"];

/** What stands in the beginning of a file of each, and of none of the others. */
const SIGNS: readonly (readonly [Format, RegExp])[] = [
  ["bundle", /"format"\s*:\s*"burnish\.bundle"/],
  ["litellm", /^model_list\s*:/m],
  ["promptfoo", /^prompts\s*:/m],
  ["dspy", /"(signature|traces)"\s*:\s*[[{][\s\S]*"demos"\s*:|"demos"\s*:[\s\S]*"signature"\s*:/],
  ["openai", /"pmpt_/],
  ["tensorzero", /^\s*\[(functions|models)\.[^\]\n]+\]/m],
  ["langfuse", /"(commitMessage|datasetName|expectedOutput|observationId|traceId)"\s*:/],
];
const LOOKED_AT = 20_000;

/** Whose file it is, where it says so; else what was chosen. */
export function whoseFile(text: string, chosen: Format): Format {
  const beginning = text.slice(0, LOOKED_AT);
  const found = SIGNS.filter(([, sign]) => sign.test(beginning)).map(([format]) => format);
  return found.length === 1 && chosen !== "source" ? (found[0] ?? chosen) : chosen;
}
