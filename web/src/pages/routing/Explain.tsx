import { Check, CircleHelp, Minus } from "lucide-react";
import { useMemo, useState } from "react";
import { usePromptChoices } from "@/api/choices";
import { useChange, useRead } from "@/api/hooks";
import { useKeptText } from "@/api/kept-text";
import { useModels } from "@/api/models";
import { Button, Combobox, Field, FormError, Input, Section, Skeleton, Textarea, errorFor } from "@/kit";
import { TemplateError, parseMessages } from "@/lib/template";
import { valuesFor } from "@/lib/values";
import { SharedVariables } from "../playground/SharedVariables";
import { sharedVariables } from "../playground/variables";
import { type Told, explained, pairsOf } from "./model";

/** What would happen to a call: who answers, why, and who if that one fails. Nothing is called or charged. */
export function Explain({ prompt: given }: { prompt: string }) {
  const [prompt, setPrompt] = useState(given);
  const [model, setModel] = useState<string | null>(null);
  const { text: said, set: setSaid } = useKeptText("message to explain the routing of", "Where is my parcel?");
  const [texts, setTexts] = useState<Record<string, string>>({});
  const { text: user, set: setUser } = useKeptText("end user to explain the routing of");
  const { text: app, set: setApp } = useKeptText("app to explain the routing of");
  const { text: metadata, set: setMetadata } = useKeptText("metadata to explain the routing of");
  const prompts = usePromptChoices(prompt);
  const { choices } = useModels();
  const known = useRead("/v1/prompts/{slug}", { path: { slug: prompt } }, { enabled: prompt !== "" });
  const read = known.isPlaceholderData ? undefined : (known.data as { messages?: unknown; parameters?: unknown } | undefined);
  const template = useMemo(() => {
    try {
      return read ? parseMessages((read.messages ?? []) as never, (read.parameters ?? {}) as never) : null;
    } catch (error) {
      if (error instanceof TemplateError) return null;
      throw error;
    }
  }, [read]);
  const shared = sharedVariables([template]);
  const values = template ? valuesFor(template, texts) : null;
  const pairs = pairsOf(metadata);
  const ask = useChange("post", "/v1/routing/explain");
  const question = {
    ...(prompt ? { prompt, variables: values?.values ?? {} } : { messages: [{ role: "user", content: said }], model: model ?? "auto" }),
    ...(prompt && model ? { model } : {}),
    ...(user.trim() ? { user_id: user.trim() } : {}),
    ...(app.trim() ? { app: app.trim() } : {}),
    ...(pairs && Object.keys(pairs).length > 0 ? { metadata: pairs } : {}),
  };
  const [asked, setAsked] = useState("");
  const of = JSON.stringify([question, metadata]);
  const submit = () => {
    setAsked(of);
    ask.mutate({ body: question as never });
  };
  // What would happen to another call says nothing of this one.
  const told = asked === of ? (ask.data as Told | undefined) : undefined;
  const error = asked === of ? ask.error : null;
  const missing = values?.missing ?? [];
  return (
    <Section framed title="What would happen to this call" description="Nothing is called or charged.">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
        className="flex flex-col gap-3"
      >
        <div className="flex min-w-0 flex-col gap-1">
          <span className="text-13 font-medium">Prompt</span>
          <Combobox label="Prompt of the call" value={prompt || null} onChange={(next) => setPrompt(next ?? "")} clear="None: a message" className="w-full" {...prompts} />
        </div>
        {prompt ? null : (
          <Field label="Message" error={errorFor(error, "messages")}>
            <Textarea rows={2} value={said} onChange={(event) => setSaid(event.target.value)} className="min-h-14!" />
          </Field>
        )}
        {prompt && !known.data && known.isPending ? <Skeleton className="h-[147px]" /> : null}
        {prompt && shared.length > 0 ? <SharedVariables shared={shared} values={texts} onChange={(name, text) => setTexts((before) => ({ ...before, [name]: text }))} names={null} onRun={submit} /> : null}
        <div className="flex min-w-0 flex-col gap-1">
          <span className="text-13 font-medium">Model that it names</span>
          <Combobox label="Model of the call" value={model} onChange={setModel} clear={prompt ? "None: left open" : "auto: left open"} choices={choices} className="w-full" />
        </div>
        <div className="grid gap-3 sm:grid-cols-2">
          <Field label="App" error={errorFor(error, "app")}>
            <Input value={app} onChange={(event) => setApp(event.target.value)} placeholder="mobile" />
          </Field>
          <Field label="End user" error={errorFor(error, "user_id")}>
            <Input value={user} onChange={(event) => setUser(event.target.value)} placeholder="ann" />
          </Field>
        </div>
        <Field label="Metadata" hint="A line each, such as country=DE." error={pairs === null ? "Each line is a name, = and a value." : errorFor(error, "metadata")}>
          <Textarea mono rows={2} value={metadata} onChange={(event) => setMetadata(event.target.value)} className="min-h-14!" />
        </Field>
        <FormError error={error} />
        <div className="flex flex-wrap items-center gap-3">
          <Button type="submit" variant="primary" busy={ask.isPending} disabled={pairs === null || (prompt ? !template || missing.length > 0 : !said.trim())}>
            Explain
          </Button>
          {prompt && missing.length > 0 ? <span className="min-w-0 text-12 text-muted wrap-anywhere">Fill in {missing.join(", ")} first.</span> : null}
        </div>
      </form>
      <div role="status" aria-label="What would happen">{told ? <Answer told={told} /> : null}</div>
    </Section>
  );
}

function Answer({ told }: { told: Told }) {
  return (
    <div className="flex flex-col gap-3 rounded-m bg-sunken p-3 text-13">
      {explained(told).map((one, at) => (
        <p key={at} className={at === 0 ? "text-14 font-medium wrap-anywhere" : "wrap-anywhere"}>
          {one}
        </p>
      ))}
      {told.rules.length > 0 ? (
        <ul aria-label="Rules for this call" className="flex flex-col gap-1">
          {told.rules.map((one) => (
            <li key={`${one.prompt ?? ""} ${one.name}`} className="flex items-start gap-1.5">
              <span aria-hidden className={one.holds ? "mt-0.5 text-ok" : "mt-0.5 text-muted"}>
                {one.holds ? <Check size={14} /> : one.holds === null ? <CircleHelp size={14} /> : <Minus size={14} />}
              </span>
              <span className="wrap-anywhere">
                {one.name} {one.prompt ? "" : <span className="text-muted">of the workspace</span>} {one.holds ? "holds" : one.holds === null ? `cannot be told${one.because ? `: ${one.because}` : ""}` : "does not hold"}
              </span>
            </li>
          ))}
        </ul>
      ) : null}
      {told.models && told.models.length > 0 ? (
        <ul aria-label="Models that do not qualify" className="flex flex-col gap-1 text-muted">
          {told.models.slice(0, 20).map((one) => (
            <li key={one.model} className="wrap-anywhere">
              {one.model}: {one.because.join(" ")}
            </li>
          ))}
        </ul>
      ) : null}
    </div>
  );
}
