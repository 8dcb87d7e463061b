/** The way from nothing to a better prompt, and how far somebody has come on it. Pure. */

export type Facts = {
  /** Name of the prompt that the steps are about: the one that is live and was changed last, else any. */
  prompt: string | null;
  runs: number;
  reactions: number;
  /** Of the newest job of the prompt. */
  job: { id: string; status: string; outcome: string | null; suggestionId: string | null } | null;
};

export type StepName = "prompt" | "run" | "feedback" | "optimize";

export const STEPS: readonly StepName[] = ["prompt", "run", "feedback", "optimize"];

export function isDone(step: StepName, facts: Facts): boolean {
  switch (step) {
    case "prompt":
      return facts.prompt !== null;
    case "run":
      return facts.runs > 0;
    case "feedback":
      return facts.reactions > 0;
    case "optimize":
      return facts.job?.status === "completed";
  }
}

/** The first that is not done; null when all are. */
export function nextStep(facts: Facts): StepName | null {
  return STEPS.find((step) => !isDone(step, facts)) ?? null;
}

type Prompt = { slug: string; labels: Record<string, number>; updated_at: string };

/** The prompt that a newcomer should look at. */
export function choosePrompt(prompts: readonly Prompt[]): string | null {
  const newest = [...prompts].sort((a, b) => b.updated_at.localeCompare(a.updated_at));
  return (newest.find((one) => one.labels.production !== undefined) ?? newest[0])?.slug ?? null;
}

/** The lines that connect an application, by language. `variables`: names of the prompt's variables. */
export function connectLines(language: "python" | "typescript" | "curl", { url, prompt, variables }: { url: string; prompt: string; variables: readonly string[] }): string {
  const values = variables.map((name) => [name, "…"] as const);
  const json = `{${values.map(([name, value]) => `"${name}": "${value}"`).join(", ")}}`;
  if (language === "curl") {
    return `curl ${url}/v1/executions -H "Authorization: Bearer $BURNISH_KEY" -H "Content-Type: application/json" \\\n  -d '{"prompt": "${prompt}", "variables": ${json}}'`;
  }
  if (language === "typescript") {
    return `import OpenAI from "openai";\nconst client = new OpenAI({ baseURL: "${url}/v1", apiKey: process.env.BURNISH_KEY });\nconst answer = await client.responses.create({ prompt: { id: "${prompt}", variables: ${json} } });`;
  }
  return `from openai import OpenAI\nclient = OpenAI(base_url="${url}/v1", api_key="BURNISH_KEY")\nanswer = client.responses.create(prompt={"id": "${prompt}", "variables": ${json}})`;
}

/** The same in `language` for feedback on that answer. */
export function feedbackLines(language: "python" | "typescript" | "curl", url: string): string {
  if (language === "typescript") {
    return `await fetch("${url}/v1/feedback", { method: "POST", headers: { Authorization: \`Bearer \${process.env.BURNISH_KEY}\`, "Content-Type": "application/json" },\n  body: JSON.stringify({ execution_id: answer.id, thumb: "up" }) });`;
  }
  if (language === "python") {
    return `client.post("/feedback", body={"execution_id": answer.id, "thumb": "up"}, cast_to=object)`;
  }
  return `curl ${url}/v1/feedback -H "Authorization: Bearer $BURNISH_KEY" -H "Content-Type: application/json" \\\n  -d '{"execution_id": "<id of the answer>", "thumb": "up"}'`;
}
