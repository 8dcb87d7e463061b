import { useRef, useState } from "react";
import { useChange } from "@/api/hooks";
import { Button, ButtonLink, Loaded, Notice, Page, Section, Segments, SimulatedBadge, SkeletonText, toast, toastError } from "@/kit";
import { plural } from "@/lib/format";
import { usePathParam } from "@/lib/pages";
import { Draft } from "./Draft";
import { type Begun, Question } from "./Question";
import { SaveIt } from "./SaveIt";
import { type Given, type Session, beginning, inWords, saidOf, standing, waitingOf } from "./goal";
import { useWizard } from "./useSession";

/** One question at a time on the left, and on the right what comes of it. */
export default function WizardPage() {
  const id = usePathParam("session");
  const wizard = useWizard(id);
  const { found, session } = wizard;
  return (
    <Page title={session ? beginning(session.initial_prompt, 60) : "A goal"} subtitle={session ? <Where session={session} left={waitingOf(session, wizard.pending).length} /> : undefined} back={{ to: "/new", label: "Start from a goal" }}>
      <Loaded of={found}>{(one) => <Wizard key={one.id} session={one} wizard={wizard} />}</Loaded>
    </Page>
  );
}

function Where({ session, left }: { session: Session; left: number }) {
  return (
    <span role="status" className="flex min-h-5 flex-wrap items-center gap-2">
      {standing(session, left)}
      {session.simulated ? <SimulatedBadge /> : null}
    </span>
  );
}

function Wizard({ session, wizard }: { session: Session; wizard: ReturnType<typeof useWizard> }) {
  const { pending, answer, write, isSending } = wizard;
  const [changing, setChanging] = useState<string | null>(null);
  // By question, above them: one that could not be answered comes back, and takes the place of the next one, which was begun meanwhile.
  const begun = useRef(new Map<string, Begun>());
  const give = async (question: string, given: Given) => {
    setChanging(null);
    const sent = begun.current.get(question);
    // What was written anew since then is another answer.
    if ((await answer(question, given)) && begun.current.get(question) === sent) begun.current.delete(question);
  };
  const said = saidOf(session, pending);
  const waiting = waitingOf(session, pending);
  const isTheirTurn = session.task !== null || session.status === "pending";
  const changed = said.find(({ question, mayChange }) => mayChange && question.id === changing)?.question;
  const current = changed ?? waiting[0];
  const mayWrite = session.status === "ready" || session.status === "failed" || (session.status === "clarifying" && !isTheirTurn);
  const answers = (
    <ol aria-label="Answered" className="flex flex-col gap-2">
      {said.map(({ question, mayChange }) => (
        <li key={question.id} className="flex items-start justify-between gap-3 rounded-m border border-line bg-panel px-3 py-2 text-13">
          <span className="min-w-0 wrap-anywhere">
            <span className="block text-12 text-muted">{question.text}</span>
            <span className={question.answer === null ? "text-muted" : ""}>{inWords(question.answer)}</span>
          </span>
          {mayChange && question.id !== changing ? (
            <Button size="s" variant="ghost" onClick={() => setChanging(question.id)} aria-label={`Change the answer to: ${question.text}`}>
              Change
            </Button>
          ) : null}
        </li>
      ))}
    </ol>
  );
  const writeIt = (
    <Button variant={session.status === "clarifying" ? "secondary" : "primary"} busy={isSending} onClick={() => void write()}>
      {session.status === "failed" ? "Write it again" : session.status === "clarifying" ? "Enough asked, write it now" : "Write the prompt"}
    </Button>
  );
  return (
    <div className="grid grid-cols-1 items-start gap-6 lg:grid-cols-2">
      <div className="flex min-w-0 flex-col gap-4">
        {session.error ? <Notice tone="warn" title={session.error.task === "write" ? "The prompt could not be written." : "No more could be asked."}>{`${session.error.message} What you answered is kept.`}</Notice> : null}
        {said.length === 0 ? null : session.status === "finalized" ? (
          <details className="rounded-m border border-line bg-panel px-3 py-2 text-13">
            <summary className="cursor-pointer font-medium">{plural(said.length, "answer")}</summary>
            <div className="pt-2">{answers}</div>
          </details>
        ) : (
          answers
        )}
        {isTheirTurn ? (
          <Section title={session.task === "write" ? "Writing" : "Thinking about what to ask"} framed>
            <SkeletonText lines={3} />
          </Section>
        ) : current ? (
          <Question
            key={`${current.id} ${changed ? "again" : ""}`}
            question={current}
            before={changed?.answer}
            begun={begun.current.get(current.id)}
            onBegin={(next) => begun.current.set(current.id, next)}
            onAnswer={(given) => void give(current.id, given)}
            onSkip={() => void give(current.id, null)}
          />
        ) : null}
        {session.status === "expired" ? (
          <Notice tone="warn" title="Nobody came back in time." action={<ButtonLink size="s" to="/new">Begin anew</ButtonLink>}>
            Goals wait for a week.
          </Notice>
        ) : null}
        {session.status === "ready" && !isTheirTurn ? <p className="text-14">Nothing is left to ask. Have a look at what is known, then have the prompt written.</p> : null}
        {mayWrite ? <div>{writeIt}</div> : null}
        {session.status === "finalized" ? (
          <>
            <SaveIt session={session} onSaved={wizard.refresh} />
            <Rate id={session.id} />
          </>
        ) : null}
      </div>
      <Draft session={session} said={said.map(({ question }) => ({ question, answer: question.answer }))} />
    </div>
  );
}

const STARS = ["1", "2", "3", "4", "5"] as const;

function Rate({ id }: { id: string }) {
  const [rating, setRating] = useState<(typeof STARS)[number] | "">("");
  const rate = useChange("post", "/v1/clarifications/{clarification_id}/feedback");
  const choose = (next: (typeof STARS)[number] | "") => {
    if (next === "") return;
    setRating(next);
    rate.mutate({ path: { clarification_id: id }, body: { rating: Number(next), comments: "" } }, { onSuccess: () => toast("Thank you, it is noted"), onError: (failed) => (setRating(""), toastError(failed)) });
  };
  return (
    <div className="flex flex-wrap items-center gap-3 text-13 text-muted">
      <span>How good were the questions, from 1 to 5?</span>
      <Segments<(typeof STARS)[number] | ""> label="How good were the questions" value={rating} onChange={choose} options={STARS.map((one) => ({ value: one, label: one }))} />
    </div>
  );
}
