import { type FormEvent, useEffect, useRef, useState } from "react";
import { useKeptText } from "@/api/kept-text";
import { useLookUp, useNamed } from "@/api/members";
import { needs, useMay } from "@/api/session";
import { Button, FormError, Notice, announce } from "@/kit";
import { MentionText } from "./MentionText";
import { PickMembers } from "./PickMembers";
import { addressesIn, chosenBeside, strangersAmong } from "./mentions";
import { type About, type Comment, type Place, type Said, useAddComment, useChangeComment } from "./requests";

const MENTIONING = { list: "Mentioned", remove: "Do not mention", pick: "Mention a member" };

/** A comment, or the answer to one. `about`: of a version, see `Place`. `instead`: the comment that it was to answer, and that is gone. */
export function AddComment({ place, about, replyTo, instead, label, onDone }: { place: Place; about?: About; replyTo?: string; instead?: string; label: string; onDone?: () => void }) {
  const add = useAddComment(place);
  const send = (said: Said, done: () => void) => add.send(said, { about, replyTo }, () => (done(), onDone?.(), announce(replyTo ? "Your answer is added" : "Your comment is added")));
  const keep = `comment ${place.id} ${replyTo ?? instead ?? about?.version ?? place.of}`;
  return <Write keep={keep} label={label} submit={replyTo ? "Answer" : "Comment"} isSending={add.isPending} error={add.error} onSend={send} onCancel={onDone} />;
}

/** The text of one's own comment, and who it mentions. */
export function EditComment({ place, comment, onDone }: { place: Place; comment: Comment; onDone: () => void }) {
  const change = useChangeComment(place, comment.id);
  const send = (said: Said) => change.send(said, () => (onDone(), announce("The comment is saved")));
  return <Write label="Text of the comment" submit="Save" begin={comment} isSending={change.isPending} error={change.error} onSend={send} onCancel={onDone} />;
}

type WriteProps = { keep?: string; label: string; submit: string; begin?: Comment; isSending: boolean; error: unknown; onSend: (said: Said, done: () => void) => void; onCancel?: () => void };

function Write({ keep, label, submit, begin, isSending, error, onSend, onCancel }: WriteProps) {
  const may = useMay();
  const lookUp = useLookUp();
  const [isLooking, setLooking] = useState(false);
  const begunWith = useNamed(may.edit ? addressesIn(begin?.body ?? "") : []);
  const { text: body, set: setBody, forget } = useKeptText(keep ?? null, begin?.body);
  // Null: as they were. Who of them stands in the text is known once the members are.
  const [picked, setPicked] = useState<string[] | null>(begin ? null : []);
  const [told, setTold] = useState<string[]>([]);
  const mentions = picked ?? chosenBeside(begin?.body ?? "", begin?.mentions ?? [], begunWith?.members ?? []);
  const isBusy = isSending || isLooking;
  const field = useRef<HTMLTextAreaElement>(null);
  const done = () => {
    // Its button is off then, and would take the focus along; who went on elsewhere meanwhile stays there.
    if (field.current?.form?.contains(document.activeElement)) field.current.focus();
    setBody("");
    setPicked([]);
  };
  const send = async (event: FormEvent) => {
    event.preventDefault();
    if (isBusy || !body.trim()) return;
    setLooking(true);
    const [named, before] = await Promise.all([lookUp(addressesIn(body)), lookUp(picked ? [] : addressesIn(begin?.body ?? ""))]);
    setLooking(false);
    // Told once before it is sent: a slip would tell nobody, and nobody would know.
    const strangers = named === null ? [] : strangersAmong(named.addresses, named.members);
    if (strangers.some((one) => !told.includes(one))) setTold(strangers);
    else {
      forget();
      onSend({ body: body.trim(), mentions: picked ?? chosenBeside(begin?.body ?? "", begin?.mentions ?? [], before?.members ?? []) }, done);
    }
  };
  const keepIt = useRef(() => undefined as void);
  keepIt.current = () => setBody(body);
  useEffect(() => {
    // It was not on its way after all.
    if (error) keepIt.current();
  }, [error]);
  const inText = addressesIn(body);
  const missed = told.filter((one) => inText.includes(one));
  return (
    <form onSubmit={(event) => void send(event)} className="flex flex-col items-start gap-2">
      <MentionText field={field} label={label} autoFocus={onCancel !== undefined} value={body} readOnly={!may.edit || isBusy} onChange={setBody} onNamed={(id) => setPicked([...new Set([...mentions, id])])} />
      {missed.length > 0 ? (
        <div role="alert" className="w-full">
          <Notice tone="warn" title={`No member has the address ${missed.join(", ")}.`}>
            Nobody is told by it. Mend it, choose a member below, or press {submit} again to leave it as it is.
          </Notice>
        </div>
      ) : null}
      <FormError error={error} />
      <div className="flex w-full flex-wrap items-center gap-2">
        <Button type="submit" size="s" busy={isBusy} disabled={!may.edit || !body.trim()} why={may.edit ? undefined : needs("editor")}>
          {submit}
        </Button>
        {onCancel ? (
          <Button size="s" variant="ghost" disabled={isBusy} onClick={onCancel}>
            Cancel
          </Button>
        ) : null}
        {may.edit ? <PickMembers words={MENTIONING} begun={begin?.mentions ?? []} chosen={mentions} disabled={isBusy} onChange={setPicked} /> : null}
      </div>
    </form>
  );
}
