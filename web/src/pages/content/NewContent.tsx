import { useState } from "react";
import { useChange } from "@/api/hooks";
import { Field, FormDialog, Input, Segments, Select, Textarea, errorFor, toast } from "@/kit";
import { SOURCES, type Source, bodyOf } from "./job";

const FROM = [
  { value: "text", label: "Its text" },
  { value: "url", label: "Its address" },
] as const;

/** Reads one content; many at once come over the API. */
export function NewContent({ onClose, onMade }: { onClose: () => void; onMade: (id: string) => void }) {
  const [source, setSource] = useState<Source>("document");
  const [from, setFrom] = useState<"text" | "url">("text");
  const [text, setText] = useState("");
  const [url, setUrl] = useState("");
  const [name, setName] = useState("");
  const [user, setUser] = useState("");
  const read = useChange("post", "/v1/enrichments", { invalidates: ["/v1/enrichments"] });
  const given = from === "text" ? text : url;
  const submit = () =>
    read.mutate(
      { query: { wait_s: 0 }, body: bodyOf({ source, from, text, url, name, user }) },
      {
        onSuccess: (made) => {
          onMade(made.id);
          toast("It is being read");
        },
      },
    );
  return (
    <FormDialog open onOpenChange={(open) => !open && onClose()} title="Read a content" description="It is kept with its result, for as many days as the workspace keeps text." submit="Read it" onSubmit={submit} busy={read.isPending} error={read.error} disabled={!given.trim()}>
      <Field label="Kind" error={errorFor(read.error, "source_type")}>
        <Select value={source} onChange={setSource} options={SOURCES} />
      </Field>
      <div>
        <Segments label="Given by" value={from} onChange={setFrom} options={FROM} />
      </div>
      {from === "text" ? (
        <Field label="Text" hint={source === "conversation" ? 'What was said, or {"messages": [{"role": "user", "content": "…"}]}.' : undefined} error={errorFor(read.error, "content")} required>
          <Textarea rows={7} value={text} onChange={(event) => setText(event.target.value)} />
        </Field>
      ) : (
        <Field label="Address" hint="A public one, with https. Of a video its transcript, not its page." error={errorFor(read.error, "url")} required>
          <Input mono value={url} onChange={(event) => setUrl(event.target.value)} placeholder="https://" />
        </Field>
      )}
      <div className="grid grid-cols-1 gap-4 sm:grid-cols-2">
        <Field label="Your id for it" error={errorFor(read.error, "external_id")}>
          <Input mono value={name} onChange={(event) => setName(event.target.value)} placeholder="chat-17" />
        </Field>
        <Field label="End user" hint="For erasures." error={errorFor(read.error, "user_id")}>
          <Input mono value={user} onChange={(event) => setUser(event.target.value)} />
        </Field>
      </div>
    </FormDialog>
  );
}
