import { Plus, Trash2 } from "lucide-react";
import { Button, Field, IconButton, Input, Section, Select, Textarea } from "@/kit";
import { type Faults, JsonField, notAnObject } from "./JsonField";
import type { Content } from "./content";
import { type Tool, choiceFrom, choiceText, isFunction, newTool, toolsOf, withFunction, withTools } from "./tools";

type ToolsProps = Faults & { content: Content; set: (changes: Partial<Content>) => void; className?: string };

/** The functions that the model may call, and whether it must. */
export function Tools({ content, set, className, ...faults }: ToolsProps) {
  const tools = toolsOf(content);
  const { setFault, readOnly } = faults;
  const put = (next: Tool[]) => set(withTools(content, next));
  const change = (index: number, tool: Tool) => put(tools.map((one, at) => (at === index ? tool : one)));
  const remove = (index: number) => {
    for (const what of Object.keys(faults.faults)) if (what.startsWith("tools[")) setFault(what, null);
    put(tools.filter((_, at) => at !== index));
  };
  const names = tools.flatMap((one) => (isFunction(one) && one.function?.name ? [one.function.name] : []));
  if (readOnly && tools.length === 0) return null;
  return (
    <Section
      framed
      className={className}
      title="Tools"
      description={tools.length === 0 ? "Functions of yours that the model may ask for." : undefined}
      actions={
        readOnly ? null : (
          <Button size="s" icon={<Plus size={14} aria-hidden />} onClick={() => put([...tools, newTool(tools)])}>
            Add a tool
          </Button>
        )
      }
    >
      {tools.map((tool, index) => {
        const name = tool.function?.name || `tool ${index + 1}`;
        const field = `tools[${index}]`;
        return (
          <section key={index} aria-label={`Tool ${name}`} className="flex flex-col gap-3 border-t border-line pt-3 first:border-t-0 first:pt-0">
            {isFunction(tool) ? (
              <>
                <div className="flex items-end justify-between gap-2">
                  <Field label="Function" className="flex-1">
                    <Input mono value={tool.function?.name ?? ""} readOnly={readOnly} maxLength={64} onChange={(event) => change(index, withFunction(tool, { name: event.target.value }))} />
                  </Field>
                  {readOnly ? null : <IconButton label={`Take out ${name}`} icon={<Trash2 size={14} aria-hidden />} onClick={() => remove(index)} />}
                </div>
                <Field label="What it does">
                  <Textarea rows={2} value={tool.function?.description ?? ""} readOnly={readOnly} onChange={(event) => change(index, withFunction(tool, { description: event.target.value }))} />
                </Field>
                <JsonField {...faults} field={`${field}.parameters`} label={`Parameters of ${name}, a JSON schema`} value={tool.function?.parameters} check={notAnObject} onChange={(parameters) => change(index, withFunction(tool, { parameters: parameters as Record<string, unknown> | undefined }))} />
              </>
            ) : (
              <>
                <JsonField {...faults} field={field} label={`Tool ${index + 1}, as JSON`} value={tool} check={notAnObject} onChange={(value) => (value === undefined ? remove(index) : change(index, value as Tool))} />
                {readOnly ? null : <Button size="s" onClick={() => remove(index)}>Take it out</Button>}
              </>
            )}
          </section>
        );
      })}
      {tools.length > 0 ? (
        <Field label="The model calls">
          <Select
            empty="Not set"
            value={choiceText(content.tool_choice)}
            disabled={readOnly}
            onChange={(text) => set({ tool_choice: choiceFrom(text) })}
            options={[
              { value: "auto", label: "one where it wants to" },
              { value: "required", label: "one at least" },
              { value: "none", label: "none" },
              ...names.map((name) => ({ value: `function:${name}`, label: name })),
            ]}
          />
        </Field>
      ) : null}
    </Section>
  );
}
