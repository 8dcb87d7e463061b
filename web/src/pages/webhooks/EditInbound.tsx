import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { ApiError } from "@/api/errors";
import { invalidate, useChange } from "@/api/hooks";
import { Button, Field, FormDialog, Input, Notice, UNCHANGED, errorFor, toast } from "@/kit";
import { MappingFields, type Signing, SigningFields } from "./MappingFields";
import { TryMessage } from "./TryMessage";
import { type Inbound, type News, type Parts, type Typed, labelOf, mappingOf, missingIn, partsOf, rebased } from "./inbound";

const AGAIN = ["/v1/inbound-endpoints"];

/** Changes an inbound endpoint where it stands: its address and its secret stay. What somebody else saves meanwhile comes in where nothing was
 * typed, and is told. */
export function EditInbound({ of, onClose }: { of: Inbound; onClose: () => void }) {
  const queries = useQueryClient();
  const [over, setOver] = useState(() => ({ before: of, typed: partsOf(of), news: [] as News[] }));
  const { before, typed, news } = over;
  if (of.revision > before.revision) setOver({ before: of, ...rebased(partsOf(before), typed, partsOf(of)) });
  const save = useChange("patch", "/v1/inbound-endpoints/{inbound_id}", { invalidates: AGAIN });
  // What they changed is on screen: the refusal has done its part.
  const error = isBehind(save.error) && Number(save.error?.details["revision"]) <= before.revision ? null : save.error;
  const { name = "", header = "", prefix = "", encoding = "hex", ...fields } = typed;
  const signing = { header, prefix, encoding } as Signing;
  const mapping = mappingOf(fields);
  const missing = missingIn(fields);
  const set = (changed: Parts) => setOver({ ...over, typed: { ...typed, ...changed } });
  const body = {
    ...(name.trim() === before.name ? {} : { name: name.trim() }),
    ...(of.scheme === "hmac_sha256" ? changedIn({ ...signing, header: header.trim() }, before) : {}),
    ...(isSame(mapping, mappingOf(mappingFieldsOf(before))) ? {} : { mapping }),
  };
  const submit = () =>
    save.mutate(
      { path: { inbound_id: of.id }, body: { ...body, revision: before.revision } as never },
      {
        onSuccess: () => {
          onClose();
          toast("Saved; it holds everywhere within a second");
        },
        onError: (failed) => void (isBehind(failed) && invalidate(queries, AGAIN)),
      },
    );
  return (
    <FormDialog wide open onOpenChange={(open) => open || onClose()} title={`Change ${before.name}`} description="Its address and its secret stay." submit="Save" onSubmit={submit} busy={save.isPending} error={error} missing={Object.keys(body).length === 0 ? UNCHANGED : missing ? `To save it: ${missing}.` : undefined} disabled={Object.keys(body).length === 0 || !name.trim() || missing !== null}>
      <div className="grid items-end gap-4 sm:grid-cols-2">
        <Field label="Name" required error={errorFor(error, "name")}>
          <Input autoFocus value={name} maxLength={200} onChange={(event) => set({ name: event.target.value })} />
        </Field>
        {of.scheme === "hmac_sha256" ? <SigningFields signing={signing} onChange={set} error={error} /> : null}
      </div>
      <MappingFields typed={fields} onChange={set} error={error} />
      <TryMessage mapping={mapping as never} missing={missing} />
      <ByOthers news={news} onTake={() => setOver({ before, typed: partsOf(before), news: [] })} />
    </FormDialog>
  );
}

/** What somebody else changed while one typed, part by part. */
function ByOthers({ news, onTake }: { news: readonly News[]; /** Throws away what was typed. */ onTake: () => void }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (news.length > 0) box.current?.scrollIntoView({ block: "nearest" }); // which answers with a promise by now: nothing that React may call
  }, [news]);
  const isMineOver = news.some((one) => one.mine !== null);
  return (
    <div ref={box} role="status" className="scroll-mb-20">
      {news.length > 0 ? (
        <Notice tone="warn" title="Changed by somebody meanwhile." action={<Button size="s" onClick={onTake}>Take theirs</Button>}>
          <ul aria-label="What they changed" className="flex flex-col gap-1">
            {news.map(({ part, theirs, mine }) => (
              <li key={part} className="wrap-anywhere">
                {labelOf(part)}: {theirs ? <code>{theirs}</code> : "taken out"}
                {mine === null ? null : <> (you: {mine.trim() ? <code>{mine.trim()}</code> : "nothing"})</>}
              </li>
            ))}
          </ul>
          <p>{isMineOver ? "What you typed is still here; saving puts it in place of theirs." : "It stands in the form now. What you typed is still here; saving keeps both."}</p>
        </Notice>
      ) : null}
    </div>
  );
}

function isBehind(error: unknown): error is ApiError {
  return error instanceof ApiError && error.status === 409 && error.param === "revision";
}

const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);

function mappingFieldsOf(of: Inbound): Typed {
  const { name: _, header: _1, prefix: _2, encoding: _3, ...fields } = partsOf(of);
  return fields;
}

function changedIn(signing: { header: string; prefix: string; encoding: string }, before: Inbound): Record<string, string> {
  const was: Record<string, string> = { header: before.header ?? "", prefix: before.prefix, encoding: before.encoding };
  return Object.fromEntries(Object.entries(signing).filter(([name, value]) => value !== was[name]));
}
