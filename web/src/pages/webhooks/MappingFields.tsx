import { ApiError } from "@/api/errors";
import { Field, Input, Select, errorFor } from "@/kit";
import { MORE, type Name, type Typed, WHAT, WHO } from "./inbound";

type MappingProps = { typed: Typed; onChange: (typed: Typed) => void; error: unknown };

/** Where in the other system's messages each part of a reaction stands. */
export function MappingFields({ typed, onChange, error }: MappingProps) {
  const expression = ([field, label, placeholder, hint]: readonly [Name, string, string, string?]) => (
    <Field key={field} label={label} hint={hint || undefined} error={faultOf(error, field)}>
      <Input mono value={typed[field] ?? ""} maxLength={2_048} onChange={(event) => onChange({ ...typed, [field]: event.target.value })} placeholder={placeholder} />
    </Field>
  );
  return (
    <fieldset className="flex flex-col gap-3">
      <legend className="mb-1 text-14 font-semibold">Where in its messages</legend>
      <p className="text-12 text-muted">Each is an expression over the message, mostly a path such as data.rating.</p>
      <div className="grid items-end gap-4 sm:grid-cols-2">
        {WHO.map(expression)}
        {WHAT.map(expression)}
        {MORE.map(expression)}
      </div>
    </fieldset>
  );
}

/** Where only the metric or the imported run is named, its expression is meant: the other part is a word. */
function faultOf(error: unknown, field: Name): string | undefined {
  const [whole, part] = field.split(".");
  const isExpression = part === "value" || part === "id";
  return errorFor(error, `mapping.${field}`) ?? (isExpression && error instanceof ApiError && error.param === `mapping.${whole}` ? errorFor(error, error.param) : undefined);
}

export type Signing = { header: string; prefix: string; encoding: "hex" | "base64" };

/** How a plain HMAC is written into its header. */
export function SigningFields({ signing, onChange, error }: { signing: Signing; onChange: (changed: Partial<Signing>) => void; error: unknown }) {
  return (
    <>
      <Field label="Header with the signature" error={errorFor(error, "header")}>
        <Input mono value={signing.header} onChange={(event) => onChange({ header: event.target.value })} />
      </Field>
      <Field label="What stands before it" error={errorFor(error, "prefix")}>
        <Input mono value={signing.prefix} maxLength={32} onChange={(event) => onChange({ prefix: event.target.value })} />
      </Field>
      <Field label="Written as" error={errorFor(error, "encoding")}>
        <Select
          value={signing.encoding}
          onChange={(encoding) => onChange({ encoding })}
          options={[
            { value: "hex", label: "hex" },
            { value: "base64", label: "base64" },
          ]}
        />
      </Field>
    </>
  );
}
