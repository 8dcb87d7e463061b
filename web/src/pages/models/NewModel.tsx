import { SaidInForm, useFormOver } from "@/api/form-over";
import { useChange, useRead } from "@/api/hooks";
import { Field, FormDialog, Input, Select, errorFor } from "@/kit";
import { PROVIDERS } from "../providers/known";
import { useAdded } from "./added";
import { type WholeModel, nameOfNew } from "./model";
import { dollarsToNusd } from "./prices";

const EMPTY = { provider: "openai" as string, model: "", base_url: "", context: "128000", output: "8192", input: "", cached: "", answer: "" };

/** Adds a model of the workspace's own. One that it has, also since the form was opened, is changed by its own form. */
export function NewModel({ onOpenChange }: { onOpenChange: (open: boolean) => void }) {
  const add = useChange("post", "/v1/models", { invalidates: ["/v1/models"] });
  const told = useAdded();
  const there = useRead("/v1/models");
  const readNow = async () => {
    const now = await there.refetch({ throwOnError: true });
    if (nameIn(now.data).fault) throw new SaidInForm();
    return EMPTY;
  };
  const over = useFormOver(EMPTY, readNow);
  const { draft: given, change } = over;
  const nameIn = (models: unknown) => nameOfNew(given.model, (models as { data?: WholeModel[] } | undefined)?.data ?? []);
  const name = nameIn(there.data);
  const known = PROVIDERS.find((one) => one.value === given.provider);
  const field = (name: keyof typeof given) => ({ value: given[name], onChange: (event: { target: { value: string } }) => change({ [name]: event.target.value }) });
  const prices = { input: dollarsToNusd(given.input), cached: given.cached.trim() === "" ? undefined : dollarsToNusd(given.cached), answer: dollarsToNusd(given.answer) };
  const submit = () =>
    add.mutate(
      {
        body: {
          model: given.model.trim(),
          provider: given.provider,
          base_url: given.base_url.trim(),
          context_tokens: Number(given.context),
          output_tokens: Number(given.output),
          input_price_nusd_per_million: prices.input,
          cached_input_price_nusd_per_million: prices.cached ?? null,
          output_price_nusd_per_million: prices.answer,
        },
      } as never,
      {
        onSuccess: () => {
          onOpenChange(false);
          told(given.model.trim(), given.provider);
        },
      },
    );
  const wrong = (value: number | null | undefined, typed: string) => (typed.trim() !== "" && value === null ? "Dollars for a million tokens, such as 2.50; 0 where it costs nothing." : undefined);
  return (
    <FormDialog
      open
      onOpenChange={onOpenChange}
      title="Add a model"
      description="Its prices are on its provider's page. Runs cost what you say here."
      submit="Add"
      onSubmit={() => over.send(submit)}
      over={over}
      busy={add.isPending}
      error={add.error ?? (there.data ? null : there.error)}
      disabled={!given.model.trim() || !there.data || Boolean(name.fault) || prices.input === null || prices.answer === null || prices.cached === null}
    >
      <Field label="Provider" error={errorFor(add.error, "provider")}>
        <Select value={given.provider} onChange={(provider) => change({ provider })} options={PROVIDERS} />
      </Field>
      <Field label="Name at the provider" hint={name.hint} error={name.fault ?? errorFor(add.error, "model") ?? errorFor(add.error, "upstream_model")} required>
        <Input mono autoFocus {...field("model")} />
      </Field>
      {known?.hasAddress ? null : (
        <Field label="Address" hint={known?.address ?? "Of an OpenAI-compatible server, such as http://127.0.0.1:11434/v1."} error={errorFor(add.error, "base_url")} required>
          <Input mono {...field("base_url")} />
        </Field>
      )}
      <div className="grid grid-cols-2 gap-4">
        <Field label="Context, in tokens" error={errorFor(add.error, "context_tokens")} required>
          <Input inputMode="numeric" {...field("context")} />
        </Field>
        <Field label="Longest answer" error={errorFor(add.error, "output_tokens")} required>
          <Input inputMode="numeric" {...field("output")} />
        </Field>
      </div>
      <div className="grid gap-4 sm:grid-cols-3">
        <Field label="Input, $ a million" error={wrong(prices.input, given.input) ?? errorFor(add.error, "input_price_nusd_per_million")} required>
          <Input inputMode="decimal" {...field("input")} />
        </Field>
        <Field label="Cached input" error={wrong(prices.cached, given.cached) ?? errorFor(add.error, "cached_input_price_nusd_per_million")}>
          <Input inputMode="decimal" placeholder="as input" {...field("cached")} />
        </Field>
        <Field label="Output" error={wrong(prices.answer, given.answer) ?? errorFor(add.error, "output_price_nusd_per_million")} required>
          <Input inputMode="decimal" {...field("answer")} />
        </Field>
      </div>
    </FormDialog>
  );
}
