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
