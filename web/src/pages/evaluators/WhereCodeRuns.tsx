import { useRead } from "@/api/hooks";
import { Notice } from "@/kit";

const NAMES: Record<string, string> = { python: "Python", wasm: "WebAssembly" };

/** Says where code of this language is run, where that is not here: whoever writes it, or reads it, is to know. */
export function WhereCodeRuns({ language }: { language: string }) {
  const found = useRead("/v1/evaluators/where-code-runs", {}, { staleTime: 300_000 });
  if (!found.data) return null;
  const place = found.data.languages.find((one) => one.language === language);
  if (!place) return <Notice tone="warn">This installation runs no {NAMES[language] ?? language}; its operator can switch it on.</Notice>;
  if (!place.leaves_installation) return null;
  return (
    <Notice tone="warn" title="This code runs at Daytona, outside of this installation.">
      The code is sent there, and all that it looks at: answers, inputs, variables and metadata. Its operator has chosen so.
    </Notice>
  );
}
