import { Badge, CodeEditor, Facts, Section, SimulatedBadge, SkeletonText } from "@/kit";
import { duration, money, plural } from "@/lib/format";
import { type Session, inWords } from "./goal";

/** What has come together so far; in the end the prompt itself. */
export function Draft({ session, said }: { session: Session; said: { question: { id: string; text: string }; answer: Parameters<typeof inWords>[0] }[] }) {
  return session.final_prompt === null ? <SoFar session={session} said={said} /> : <Written session={session} prompt={session.final_prompt} />;
}

function SoFar({ session, said }: { session: Session; said: Parameters<typeof Draft>[0]["said"] }) {
  const { facts, constraints, gaps, rationale } = session.working_memory;
  // What was answered a moment ago, before the model has put it into its own words.
  const fresh = said.filter(({ question, answer }) => answer !== null && ![...facts, ...constraints].some((one) => one.includes(question.text))).map(({ question, answer }) => `${question.text} – ${inWords(answer)}`);
  const answered = new Set(said.map(({ question }) => question.text));
  return (
    <Section title="The draft so far" framed className="self-start">
      <p className="text-14 whitespace-break-spaces wrap-anywhere">{session.initial_prompt}</p>
      <Listed title="What is known" items={[...facts, ...fresh]} />
      <Listed title="What it must keep to" items={constraints} />
      <Listed title="What is still open" items={gaps.filter((one) => !answered.has(one))} />
      {rationale ? <p className="text-12 text-muted">{rationale}</p> : null}
      {session.task === "write" ? <SkeletonText lines={5} /> : null}
    </Section>
  );
}

function Listed({ title, items }: { title: string; items: readonly string[] }) {
  if (items.length === 0) return null;
  return (
    <div>
      <h3 className="text-12 font-medium text-muted">{title}</h3>
      <ul className="mt-1 flex list-disc flex-col gap-1 pl-4 text-13">
        {items.map((one, index) => (
          <li key={index} className="wrap-anywhere">
            {one}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Written({ session, prompt }: { session: Session; prompt: string }) {
  const { usage } = session;
  return (
    <Section title={session.name ?? "The prompt"} description={session.description ?? undefined} framed className="self-start max-lg:order-first" actions={session.simulated ? <SimulatedBadge /> : null}>
      <CodeEditor label="The prompt" language="template" value={prompt} readOnly minLines={4} maxLines={24} />
      {session.test_cases.length > 0 ? (
        <div>
          <h3 className="text-12 font-medium text-muted">{`${plural(session.test_cases.length, "test case")}, made up by the model`}</h3>
          <ul className="mt-1.5 flex flex-col gap-2 text-13">
            {session.test_cases.map((one, index) => (
              <li key={index} className="rounded-m border border-line px-3 py-2 wrap-anywhere">
                <span className="font-medium">{one.name}</span>
                {Object.entries(one.variables).map(([name, value]) => (
                  <span key={name} className="block text-12">
                    <Badge mono>{name}</Badge> {value}
                  </span>
                ))}
                {one.criteria ? <span className="block text-12 text-muted">{one.criteria}</span> : null}
              </li>
            ))}
          </ul>
        </div>
      ) : null}
      <Facts facts={[["Written by", <code key="model" className="text-12 wrap-anywhere">{session.model_name}</code>], ["Cost in all", money(usage.cost_nusd)], ["Models took", duration(usage.latency_ms)]]} />
    </Section>
  );
}
