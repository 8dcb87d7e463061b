import { usePromptChoices } from "@/api/choices";
import { change, useChange, useRead } from "@/api/hooks";
import { Button, Combobox, Dialog, Loaded, toast, toastError, useUndo } from "@/kit";
import { sourceName } from "./job";

/** Which prompt reads which kind of content. */
export function ReadBy({ onClose }: { onClose: () => void }) {
  const found = useRead("/v1/enrichments/prompts");
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title="Prompts that read contents" description="Each kind has one that ships. A prompt of yours takes its place; its JSON schema is what results are checked against." footer={<Button onClick={onClose}>Done</Button>}>
      <Loaded of={found}>
        {({ data }) => (
          <div className="flex flex-col gap-4">
            {data.map((one) => (
              <Kind key={one.source_type} source={one.source_type} prompt={one.prompt} label={one.label} />
            ))}
          </div>
        )}
      </Loaded>
    </Dialog>
  );
}

function Kind({ source, prompt, label }: { source: string; prompt: string | null; label: string | null }) {
  const prompts = usePromptChoices();
  const choose = useChange("put", "/v1/enrichments/prompts/{source_type}", { invalidates: ["/v1/enrichments/prompts"] });
  const ship = useChange("delete", "/v1/enrichments/prompts/{source_type}", { invalidates: ["/v1/enrichments/prompts"] });
  const undo = useUndo(["/v1/enrichments/prompts"]);
  const path = { source_type: source as never };
  const back = async () => {
    if (prompt === null) await change("delete", "/v1/enrichments/prompts/{source_type}", { path });
    else await change("put", "/v1/enrichments/prompts/{source_type}", { path, body: { prompt, label: label ?? "production" } });
  };
  const name = sourceName(source);
  const said = (words: string) => toast(words, undo(back, `${name}: as it was before`));
  const take = (next: string | null) => {
    if (next === prompt) return;
    if (next === null) ship.mutate({ path }, { onSuccess: () => said(`${name}: read by the prompt that ships`), onError: toastError });
    else choose.mutate({ path, body: { prompt: next, label: "production" } }, { onSuccess: () => said(`${name}: read by ${next}`), onError: toastError });
  };
  return (
    <div className="flex flex-col gap-1">
      <span className="text-13 font-medium">{name}</span>
      <Combobox label={`Prompt for: ${name}`} value={prompt} clear="The prompt that ships" {...prompts} choices={prompt && !prompts.choices.some((one) => one.value === prompt) ? [{ value: prompt, label: prompt }, ...prompts.choices] : prompts.choices} onChange={take} className="w-full" />
    </div>
  );
}
