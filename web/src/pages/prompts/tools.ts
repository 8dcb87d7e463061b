/** The tools of a version as a form holds them. Pure. */
import type { Content } from "./content";

export type Tool = { type: string; function?: { name?: string; description?: string; parameters?: Record<string, unknown>; [more: string]: unknown }; [more: string]: unknown };

export function toolsOf(content: Content): Tool[] {
  return Array.isArray(content.tools) ? (content.tools as Tool[]) : [];
}

export function isFunction(tool: Tool): boolean {
  return tool.type === "function" && typeof tool.function === "object" && tool.function !== null;
}

/** A name that no other function has. */
export function newTool(tools: readonly Tool[]): Tool {
  const taken = new Set(tools.map((one) => one.function?.name));
  let name = "look_up";
  for (let n = 2; taken.has(name); n++) name = `look_up_${n}`;
  return { type: "function", function: { name, parameters: { type: "object", properties: {} } } };
}

/** Text "" takes a field away. */
export function withFunction(tool: Tool, changes: { name?: string; description?: string; parameters?: Record<string, unknown> | undefined }): Tool {
  const next = { ...tool.function, ...changes };
  for (const field of ["description", "parameters"] as const) if (!next[field]) delete next[field];
  return { ...tool, function: next };
}

/** What of the content goes with other tools: a function that a model must call has to be among them. */
export function withTools(content: Content, tools: readonly Tool[]): Partial<Content> {
  const chosen = nameChosen(content.tool_choice);
  const isLeft = chosen === null ? tools.length > 0 : tools.some((one) => one.function?.name === chosen);
  return { tools: tools.length > 0 ? tools : undefined, ...(isLeft || content.tool_choice === undefined ? {} : { tool_choice: undefined }), ...(tools.length > 0 ? {} : { parallel_tool_calls: undefined }) };
}

/** The function that a model must call, where it is told one. */
export function nameChosen(choice: unknown): string | null {
  const name = typeof choice === "object" && choice !== null ? (choice as { function?: { name?: unknown } }).function?.name : null;
  return typeof name === "string" ? name : null;
}

/** As a list of choices has it, and back. */
export function choiceText(choice: unknown): string {
  const name = nameChosen(choice);
  return name !== null ? `function:${name}` : typeof choice === "string" ? choice : "";
}

export function choiceFrom(text: string): unknown {
  const [, name] = /^function:(.*)$/.exec(text) ?? [];
  return name === undefined ? text || undefined : { type: "function", function: { name } };
}
