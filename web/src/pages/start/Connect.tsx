import { useState } from "react";
import { useRead } from "@/api/hooks";
import { CodeBlock, Segments, TextLink } from "@/kit";
import { connectLines, feedbackLines } from "./connect";
import { variablesOf } from "./variables";

const LANGUAGES = [
  { value: "python", label: "Python" },
  { value: "typescript", label: "TypeScript" },
  { value: "curl", label: "curl" },
] as const;

type Language = (typeof LANGUAGES)[number]["value"];

/** The lines that connect an application to this prompt, as they stand here: this address, this name, these variables. */
export function Connect({ prompt }: { prompt: string | null }) {
  const [language, setLanguage] = useState<Language>("python");
  const found = useRead("/v1/prompts/{slug}", { path: { slug: prompt ?? "" } }, { enabled: prompt !== null });
  const variables = prompt ? variablesOf((found.data as { messages?: unknown } | undefined)?.messages) : ["ticket"];
  const url = window.location.origin;
  return (
    <div className="flex max-w-4xl flex-col gap-3">
      <div>
        <Segments label="Language" options={LANGUAGES} value={language} onChange={setLanguage} />
      </div>
      <CodeBlock label="Ask" code={connectLines(language, { url, prompt: prompt ?? "support-triage", variables })} />
      <CodeBlock label="Say what became of it" code={feedbackLines(language, url)} />
      <p className="text-13 text-muted">
        The key comes from <TextLink to="/api-keys">API keys</TextLink>. Any client of OpenAI or Anthropic works: only its address and key change.
      </p>
    </div>
  );
}
