import { useState } from "react";
import { useChange } from "@/api/hooks";
import { CodeBlock, Field, FormDialog, Input, SecretDialog, Select, errorFor } from "@/kit";

const WHO = [
  ["execution_id", "Id of the run", "data.ticket.execution"],
  ["session_id", "Or the session's id", "data.conversation"],
  ["user_id", "Who reacted", "data.customer"],
] as const;
const WHAT = [
  ["thumb", "Thumb", "data.vote", "up or down, true or false, 1 or 0"],
  ["score", "Score", "(data.rating - 1) / 4", "From 0 to 1."],
  ["comment", "Comment", "data.words", ""],
  ["correction", "What would have been right", "data.answer", ""],
] as const;
type Name = (typeof WHO)[number][0] | (typeof WHAT)[number][0] | "when" | "id" | "metric.name" | "metric.value" | "imported.id" | "imported.source";

/** What is filled in, with `metric.name` and the like as objects of their own. */
function mappingOf(typed: Partial<Record<Name, string>>): Record<string, unknown> {
  const given: Record<string, unknown> = {};
  for (const [field, words] of Object.entries(typed)) {
    const [whole = "", part] = field.split(".");
    if (!words.trim()) continue;
    if (part) given[whole] = { ...(given[whole] as object | undefined), [part]: words.trim() };
    else given[whole] = words.trim();
  }
  return given;
}

/** Makes an inbound endpoint, and shows its secret this once. */
export function NewInbound({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [scheme, setScheme] = useState<"standard_webhooks" | "hmac_sha256">("standard_webhooks");
  const [header, setHeader] = useState("X-Hub-Signature-256");
  const [prefix, setPrefix] = useState("sha256=");
  const [encoding, setEncoding] = useState<"hex" | "base64">("hex");
  const [secret, setSecret] = useState("");
  const [mapping, setMapping] = useState<Partial<Record<Name, string>>>({});
  const create = useChange("post", "/v1/inbound-endpoints", { invalidates: ["/v1/inbound-endpoints"] });
  const made = create.data;
  if (made) {
    return (
      <SecretDialog title={`${made.name} takes feedback`} secret={made.secret} what="its secret" onClose={onClose}>
        <CodeBlock wrap label="Where the other system posts" code={`${window.location.origin}${made.path}`} />
      </SecretDialog>
    );
  }
  const given = mappingOf(mapping);
  const missing = !name.trim() ? "a name" : !given.execution_id && !given.session_id && !given.imported ? "where the run's or session's id stands" : !given.metric && !WHAT.some(([field]) => given[field]) ? "where a thumb, a score, words or a metric stand" : null;
  const expression = ([field, label, placeholder, hint]: readonly [Name, string, string, string?]) => (
    <Field key={field} label={label} hint={hint || undefined} error={errorFor(create.error, `mapping.${field}`)}>
      <Input mono value={mapping[field] ?? ""} maxLength={2_048} onChange={(event) => setMapping({ ...mapping, [field]: event.target.value })} placeholder={placeholder} />
    </Field>
  );
  const body = { name: name.trim(), scheme, mapping: given, ...(scheme === "hmac_sha256" ? { header: header.trim(), prefix, encoding } : {}), ...(secret.trim() ? { secret: secret.trim() } : {}) };
  return (
    <FormDialog wide open onOpenChange={(open) => open || onClose()} title="New inbound endpoint" description="Another system posts its webhooks here; each becomes feedback on a run." submit="Create" onSubmit={() => create.mutate({ body } as never)} busy={create.isPending} error={create.error} disabled={missing !== null}>
      <div className="grid items-end gap-4 sm:grid-cols-2">
        <Field label="Name" required error={errorFor(create.error, "name")}>
          <Input autoFocus value={name} maxLength={200} onChange={(event) => setName(event.target.value)} placeholder="survey" />
        </Field>
        <Field label="How it signs" error={errorFor(create.error, "scheme")}>
          <Select
            value={scheme}
            onChange={setScheme}
            options={[
              { value: "standard_webhooks", label: "Standard Webhooks" },
              { value: "hmac_sha256", label: "HMAC-SHA-256 of the body" },
            ]}
          />
        </Field>
        {scheme === "hmac_sha256" ? (
          <>
            <Field label="Header with the signature" error={errorFor(create.error, "header")}>
              <Input mono value={header} onChange={(event) => setHeader(event.target.value)} />
            </Field>
            <Field label="What stands before it" error={errorFor(create.error, "prefix")}>
              <Input mono value={prefix} maxLength={32} onChange={(event) => setPrefix(event.target.value)} />
            </Field>
            <Field label="Written as">
              <Select
                value={encoding}
                onChange={setEncoding}
                options={[
                  { value: "hex", label: "hex" },
                  { value: "base64", label: "base64" },
                ]}
              />
            </Field>
          </>
        ) : null}
        <Field label="Its secret" hint="Where the sender makes one itself. Empty: we make one, and show it once." error={errorFor(create.error, "secret")}>
          <Input mono value={secret} type="password" autoComplete="new-password" onChange={(event) => setSecret(event.target.value)} />
        </Field>
      </div>
      <fieldset className="flex flex-col gap-3">
        <legend className="mb-1 text-14 font-semibold">Where in its messages</legend>
        <p className="text-12 text-muted">Each is an expression over the message, mostly a path such as data.rating.</p>
        <div className="grid items-end gap-4 sm:grid-cols-2">
          {WHO.map(expression)}
          {WHAT.map(expression)}
          {expression(["when", "Only messages for which", 'type == "rating.created"', "Others are answered and left alone."])}
          {expression(["metric.value", "Value of a metric", "data.seconds", "With its name beside it."])}
          {expression(["metric.name", "The metric's name", "handling_time", "The name itself, no expression."])}
          {expression(["imported.id", "Id of an imported run", "data.trace", "Instead of the run's id, where it came from elsewhere."])}
          {expression(["imported.source", "Where it came from", "langfuse", "The name itself; “import” if empty."])}
          {expression(["id", "The sender's own id", "data.id", "Repeats count once."])}
        </div>
      </fieldset>
      {missing ? <p className="text-right text-12 text-muted">To create it: {missing}.</p> : null}
    </FormDialog>
  );
}
