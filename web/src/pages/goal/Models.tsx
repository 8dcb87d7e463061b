import { useState } from "react";
import type { Schema } from "@/api/client";
import { useChange, useRead } from "@/api/hooks";
import { useModels } from "@/api/models";
import { Combobox, Field, FormDialog, errorFor, toast } from "@/kit";

type Chosen = Schema<"ModelsAnswer">;

/** Which models ask and write, for goals that are begun from now on. */
export function Models({ onClose }: { onClose: () => void }) {
  const { data } = useRead("/v1/clarifications/models");
  return data ? <Form chosen={data} onClose={onClose} /> : null;
}

function Form({ chosen, onClose }: { chosen: Chosen; onClose: () => void }) {
  const [ask, setAsk] = useState(chosen.ask_model);
  const [write, setWrite] = useState(chosen.write_model);
  const { choices } = useModels();
  const save = useChange("put", "/v1/clarifications/models", { invalidates: ["/v1/clarifications/models"] });
  const submit = () => save.mutate({ body: { ask_model: ask, write_model: write } }, { onSuccess: () => (onClose(), toast("Saved; it holds for goals that are begun from now on")) });
  const ours = (model: string | null, used: string | undefined) => (model === null && used ? `As chosen by itself: ${used}` : "Chosen by itself");
  return (
    <FormDialog open onOpenChange={(open) => !open && onClose()} title="Models that ask and write" description="For the whole workspace. Somebody waits for the one that asks: take a fast one. It also reads contents, where no prompt of yours does." submit="Save" onSubmit={submit} busy={save.isPending} error={save.error}>
      <Field label="Asks the questions" error={errorFor(save.error, "ask_model")}>
        <Combobox label="Model that asks" value={ask} clear={ours(chosen.ask_model, chosen.in_use["ask"])} choices={choices} onChange={setAsk} className="w-full" />
      </Field>
      <Field label="Writes the prompt" error={errorFor(save.error, "write_model")}>
        <Combobox label="Model that writes" value={write} clear={ours(chosen.write_model, chosen.in_use["write"])} choices={choices} onChange={setWrite} className="w-full" />
      </Field>
    </FormDialog>
  );
}
