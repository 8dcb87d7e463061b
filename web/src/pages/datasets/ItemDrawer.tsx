import { useQueryClient } from "@tanstack/react-query";
import { type RefObject, useEffect, useRef, useState } from "react";
import { type Schema, newIdempotencyKey } from "@/api/client";
import { asApiError } from "@/api/errors";
import { change, invalidate, keyOf, useChange, useRead } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Badge, Button, Checkbox, Drawer, Facts, Field, FormError, JsonView, KeptAtTheEnd, Loaded, LossAsked, Notice, Part, Prose, TextLink, Textarea, errorFor, toast, toastError, useLossAsked, useUndo } from "@/kit";
import { filesNamed, filesNamedIn } from "@/lib/files-named";
import { inputWords, runOf } from "./items";
import { SplitDot } from "./SplitCounts";

type Item = Schema<"ItemAnswer">;
type Open = { dataset: string; id: string; onOpen: (id: string) => void; onClose: () => void; known?: Item };

const ITEMS = "/v1/datasets/{dataset_id}/items";
const ONE = "/v1/datasets/{dataset_id}/items/{item_id}";
const BEGINS = ["/v1/datasets"];
const CHANGES = { invalidates: BEGINS };

const asked = (dataset: string, id: string) => ({ path: { dataset_id: dataset }, query: { item: [id] } });

/** One item, read by its id where the list has not come to it, or holds it no longer. */
export function ItemDrawer({ dataset, id, onOpen, onClose, known }: Open) {
  const { item, left, found } = useItem(dataset, id, known);
  const isIn = item !== undefined && left === null;
  const [correcting, setCorrecting] = useState<string | null>(null);
  if (correcting !== null && correcting !== id) setCorrecting(null);
  const queries = useQueryClient();
  // It is known already: nothing has to load in the place of what was corrected.
  const put = (made: Schema<"CorrectedItem">) => {
    queries.setQueryData(keyOf(ITEMS, asked(dataset, made.id)), { data: [made], next_cursor: null });
    setCorrecting(null);
    onOpen(made.id);
  };
  const opener = useRef<HTMLButtonElement>(null);
  const cancel = () => {
    setCorrecting(null);
    opener.current?.focus();
  };
  const isWritten = useRef(() => false);
  const run = item ? runOf(item.metadata) : null;
  const loss = useLossAsked(Boolean(id), () => correcting === id && isWritten.current(), (open) => open || onClose());
  return (
    <Drawer
      open={Boolean(id)}
      {...loss.frame}
      title="Item"
      description={item ? <span className="inline-flex items-center gap-2"><SplitDot split={item.split} />{item.synthetic ? <Badge>made up</Badge> : null}</span> : undefined}
      actions={isIn ? <Acts key={id} dataset={dataset} item={item} isCorrecting={correcting === id} onCorrect={() => setCorrecting(id)} opener={opener} onGone={onClose} /> : null}
    >
      {item ? (
        <div className="flex flex-col gap-5">
          {left === null ? null : (
            <div role="status">
              <Notice title={left}>What was measured with it keeps it.</Notice>
            </div>
          )}
          <Part title="Input">
            {typeof item.input === "string" || Object.keys(item.input).length === 1 ? <Prose plain text={inputWords(item.input)} /> : <JsonView label="Variables" value={filesNamedIn(item.input)} />}
          </Part>
          <Part title="Expected">
            {item.expected === null ? <p className="text-14 text-muted">There is no right answer: evaluators judge what is answered.</p> : <Prose plain text={filesNamed(item.expected)} />}
          </Part>
          {correcting === id ? <Correct key={id} dataset={dataset} item={item} isIn={isIn} onMade={put} onCancel={cancel} loss={loss} written={isWritten} /> : null}
          <Facts
            facts={[
              typeof item.input === "object" && ["Variables", <span key="v" className="font-mono">{Object.keys(item.input).join(", ")}</span>],
              ["Added with", `version ${item.added_version} of the dataset`],
              run !== null && ["Made from", <TextLink key="r" to={`/runs/${run}`}>a run</TextLink>],
              ["Id", <span key="i" className="font-mono text-12 break-all">{item.id}</span>],
            ]}
          />
          {Object.keys(item.metadata).length > 0 ? <JsonView label="Metadata" value={item.metadata} /> : null}
        </div>
      ) : (
        <Loaded of={found}>{() => <p className="text-14 text-muted">This item is not in the dataset any more.</p>}</Loaded>
      )}
    </Drawer>
  );
}

/** The item as it was seen last: what somebody writes about it does not close while it is read again. `left`: in words, that it is in the newest
 * version no longer. */
function useItem(dataset: string, id: string, known: Item | undefined) {
  const read = useRead(ITEMS, asked(dataset, id), { enabled: id !== "" && !known });
  // That of the item which was open before tells nothing of this one.
  const found = { ...read, data: read.isPlaceholderData ? undefined : read.data };
  const held = useRef<Item | undefined>(undefined);
  const now = known ?? found.data?.data.find((one) => one.id === id);
  const before = held.current?.id === id ? held.current : undefined;
  const item = now ?? before;
  useEffect(() => {
    held.current = item;
  });
  const isGone = !now && found.data !== undefined && !read.isFetching;
  const left = item?.removed_version != null ? `No longer in the dataset since version ${item.removed_version}.` : isGone ? "No longer in the dataset." : null;
  return { item, left, found };
}

function Acts({ dataset, item, isCorrecting, onCorrect, opener, onGone }: { dataset: string; item: Item; isCorrecting: boolean; onCorrect: () => void; opener: RefObject<HTMLButtonElement | null>; onGone: () => void }) {
  const may = useMay();
  const mayChange = may.edit && may.held === undefined;
  const why = may.held ?? needs("editor");
  const queries = useQueryClient();
  const remove = useChange("delete", ONE, CHANGES);
  const undo = useUndo(BEGINS);
  // Under one key it is taken out once, also where the answer was lost on its way and it is pressed again.
  const key = useRef(newIdempotencyKey());
  const back = async () => {
    const { input, expected, split, metadata } = item;
    const made = (await change("post", ITEMS, { path: { dataset_id: dataset }, body: { items: [{ input, expected, split, metadata }] } } as never)) as Schema<"AddedAnswer">;
    if (made.added === 0) throw new Error("The dataset holds this input again already: nothing was changed.");
  };
  // The word of it, with its Undo, comes also where another item or page was opened meanwhile.
  const takeOut = () =>
    void remove.mutateAsync({ path: { dataset_id: dataset, item_id: item.id }, headers: { "Idempotency-Key": key.current } }, { onSuccess: onGone }).then(
      ({ version }) => toast(`Taken out: version ${version}`, undo(back, "It is in the dataset again")),
      (error: unknown) => {
        toastError(error);
        if (asApiError(error).status === 404) void invalidate(queries, BEGINS);
      },
    );
  return (
    <>
      <Button ref={opener} size="s" aria-expanded={mayChange ? isCorrecting : undefined} disabled={!mayChange} why={why} onClick={onCorrect}>
        {item.expected === null ? "Say what is right" : "Correct the right answer"}
      </Button>
      <Button size="s" variant="ghost" busy={remove.isPending} disabled={!mayChange} why={why} onClick={takeOut}>
        Take out
      </Button>
    </>
  );
}

type Writing = { loss: ReturnType<typeof useLossAsked>; written: RefObject<() => boolean> };

function Correct({ dataset, item, isIn, onMade, onCancel, loss, written }: Writing & { dataset: string; item: Item; isIn: boolean; onMade: (made: Schema<"CorrectedItem">) => void; onCancel: () => void }) {
  const [expected, setExpected] = useState(item.expected ?? "");
  const [isOpen, setOpen] = useState(false);
  const queries = useQueryClient();
  const save = useChange("patch", ONE, CHANGES);
  const undo = useUndo(BEGINS);
  const form = useRef<HTMLFormElement>(null);
  // Under one key it is corrected once, also where the answer was lost on its way and it is sent again.
  const key = useRef(newIdempotencyKey());
  const isBlank = expected.trim() === "";
  const isReady = isIn && !save.isPending && (isOpen || (!isBlank && expected.trim() !== (item.expected ?? "").trim()));
  const back = (made: string, before: string | null) => () => change("patch", ONE, { path: { dataset_id: dataset, item_id: made }, body: { expected: before } });
  // The word of it comes also where the drawer was closed meanwhile.
  const submit = () =>
    void save.mutateAsync({ path: { dataset_id: dataset, item_id: item.id }, headers: { "Idempotency-Key": key.current }, body: { expected: isOpen ? null : expected } }, { onSuccess: onMade }).then(
      (made) => toast(`Corrected: version ${made.dataset_version}`, undo(back(made.id, item.expected), "It expects again what it did")),
      (error: unknown) => {
        if (!form.current) toastError(error);
        if (asApiError(error).status === 404) void invalidate(queries, BEGINS);
      },
    );
  return (
    <form
      ref={form}
      aria-label="Correct the right answer"
      className="flex flex-col gap-3 rounded-m border border-line bg-panel p-3"
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady) submit();
      }}
      onKeyDown={(event) => {
        if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) event.currentTarget.requestSubmit();
      }}
      onInput={loss.writes}
    >
      <KeptAtTheEnd written={written} />
      <Field label="The right answer" hint="It makes the next version of the dataset. What was measured with the answer before keeps it." required error={isBlank && item.expected !== null && !isOpen ? "Fill it in, or take the item out." : errorFor(save.error, "expected")}>
        <Textarea
          autoFocus
          rows={2}
          className="min-h-14"
          value={expected}
          readOnly={save.isPending || isOpen}
          onChange={(event) => {
            if (save.error) save.reset();
            key.current = newIdempotencyKey();
            setExpected(event.target.value);
          }}
        />
      </Field>
      {item.expected === null ? null : (
        <Checkbox
          label="There is no right answer"
          hint="Evaluators judge what is answered; test runs and searches then need one that can."
          checked={isOpen}
          disabled={save.isPending}
          onChange={(event) => {
            key.current = newIdempotencyKey();
            setOpen(event.target.checked);
          }}
        />
      )}
      <FormError error={save.error} />
      {loss.isAsked ? <LossAsked /> : null}
      <div className="flex justify-end gap-2">
        <Button onClick={onCancel} disabled={save.isPending}>
          Cancel
        </Button>
        <Button type="submit" variant="primary" busy={save.isPending} disabled={!isReady && !save.isPending}>
          Save
        </Button>
      </div>
    </form>
  );
}
