import { ArrowDown, ArrowUp, Plus, Split } from "lucide-react";
import { useRef, useState } from "react";
import { useAuthors } from "@/api/authors";
import { usePromptChoices } from "@/api/choices";
import { change, useChange, useRead } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Button, Combobox, EmptyState, IconButton, Loaded, Menu, NavTabs, Notice, Page, RelativeTime, Section, TextLink, Toolbar, dismiss, toast, toastError, useUndo } from "@/kit";
import { text, useUrlState } from "@/lib/url-state";
import { PROVIDER_TABS } from "../providers/tabs";
import { Explain } from "./Explain";
import { RequirementsForm } from "./RequirementsForm";
import { RuleForm } from "./RuleForm";
import { inWords } from "./condition";
import { type Requirements, type Rule, requirementWords, rulesWords, usesWords } from "./model";

const shape = { prompt: text() };

/** Which model answers whom: rules of the workspace or of one prompt, what `auto` asks, and what would happen to a call. */
export default function RoutingPage() {
  const [{ prompt }, set] = useUrlState(shape);
  const prompts = usePromptChoices();
  return (
    <Page title="Routing" subtitle="Which model or version answers a call that leaves it open. What a call names itself always stays.">
      <NavTabs label="Providers" tabs={PROVIDER_TABS} />
      <Toolbar>
        <Combobox label="Rules of" value={prompt || null} onChange={(next) => set({ prompt: next ?? "" })} clear="The whole workspace" className="max-w-full" {...prompts} />
        {prompt ? <TextLink to={`/prompts/${prompt}`} className="text-13">Open the prompt</TextLink> : null}
      </Toolbar>
      <div className="grid min-w-0 items-start gap-8 lg:grid-cols-[minmax(0,1fr)_26rem]">
        {prompt ? <OfPrompt key={prompt} prompt={prompt} /> : <OfWorkspace />}
        <Explain key={`of ${prompt}`} prompt={prompt} />
      </div>
    </Page>
  );
}

function OfWorkspace() {
  const found = useRead("/v1/routing");
  const may = useMay();
  const put = useChange("put", "/v1/routing", { invalidates: ["/v1/routing"] });
  const [asking, setAsking] = useState(false);
  return (
    <Loaded of={found}>
      {(routing) => {
        const asked = (routing.requirements ?? {}) as Requirements;
        const words = requirementWords(asked);
        const save = (rules: readonly Rule[], requirements = asked) => put.mutateAsync({ body: { rules, requirements } as never });
        return (
          <div className="flex min-w-0 flex-col gap-8">
            <Rules
              rules={routing.rules ?? []}
              save={save}
              back={(rules) => change("put", "/v1/routing", { body: { rules, requirements: asked } as never })}
              path="/v1/routing"
              may={may.edit}
              why={needs("editor")}
              prompt={null}
              updated={routing}
              description="They hold for every prompt, after the prompt’s own, and for calls with messages."
            />
            <Section
              title="What auto asks of a model"
              description="Of all models that meet it the cheapest for the very call answers; those preferred for its use case go first."
              actions={
                <Button size="s" onClick={() => setAsking(true)} disabled={!may.edit} why={needs("editor")}>
                  Change
                </Button>
              }
            >
              {words.length > 0 ? (
                <ul className="flex list-disc flex-col gap-1 pl-5 text-14">
                  {words.map((one) => (
                    <li key={one}>{one}</li>
                  ))}
                </ul>
              ) : (
                <p className="text-13 text-muted">Nothing: the cheapest model that can do what the call needs (tools, pictures, length) answers.</p>
              )}
            </Section>
            {asking ? <RequirementsForm asked={asked} onClose={() => setAsking(false)} save={(requirements) => save(routing.rules ?? [], requirements)} error={put.error} busy={put.isPending} /> : null}
          </div>
        );
      }}
    </Loaded>
  );
}

function OfPrompt({ prompt }: { prompt: string }) {
  const path = { slug: prompt };
  const found = useRead("/v1/prompts/{slug}/routing", { path });
  const may = useMay();
  const put = useChange("put", "/v1/prompts/{slug}/routing", { invalidates: ["/v1/prompts/{slug}/routing"] });
  return (
    <Loaded of={found}>
      {(routing) => (
        <Rules
          rules={routing.rules ?? []}
          save={(rules) => put.mutateAsync({ path, body: { rules } as never })}
          back={(rules) => change("put", "/v1/prompts/{slug}/routing", { path, body: { rules } as never })}
          path="/v1/prompts/{slug}/routing"
          may={may.editPrompts}
          why={needs(may.edit ? "admin" : "editor")}
          prompt={prompt}
          updated={routing}
          description="They are asked before the workspace’s, and may choose a version or a label too. What auto asks stands in the prompt’s versions."
        />
      )}
    </Loaded>
  );
}

type RulesProps = {
  rules: readonly Rule[];
  save: (rules: readonly Rule[]) => Promise<{ warnings?: string[] }>;
  /** The same, outside of the component: for Undo. */
  back: (rules: readonly Rule[]) => Promise<unknown>;
  path: string;
  may: boolean;
  why: string;
  prompt: string | null;
  updated: { updated_at?: string | null; updated_by?: string | null };
  description: string;
};

function Rules({ rules, save, back, path, may, why, prompt, updated, description }: RulesProps) {
  const [edited, setEdited] = useState<number | "new" | null>(null);
  const [warnings, setWarnings] = useState<readonly string[]>([]);
  const undo = useUndo([path]);
  const nameOf = useAuthors();
  // One Undo at a time: an older one would take back what was changed since.
  const said = useRef<number | null>(null);
  const tell = (text: string) => {
    if (said.current !== null) dismiss(said.current);
    said.current = toast(text, undo(() => back(rules), "The rules are as they were"));
  };
  const put = (next: readonly Rule[], words: string) =>
    save(next).then(
      (answer) => {
        setWarnings(answer.warnings ?? []);
        tell(words);
      },
      (error: unknown) => void toastError(error),
    );
  const move = (from: number, to: number) => {
    const next = [...rules];
    next.splice(to, 0, ...next.splice(from, 1));
    void put(next, "They are asked in this order now");
  };
  const add = (
    <Button icon={<Plus size={14} aria-hidden />} onClick={() => setEdited("new")} disabled={!may} why={why} size={rules.length > 0 ? "s" : "m"} variant={rules.length > 0 ? "secondary" : "primary"}>
      Add a rule
    </Button>
  );
  return (
    <Section title={prompt ? `Rules of ${prompt}` : "Rules of the workspace"} description={description} actions={rules.length > 0 ? add : null}>
      {warnings.length > 0 ? (
        <Notice tone="warn" title="Saved, but">
          {warnings.join(" ")}
        </Notice>
      ) : null}
      {rules.length === 0 ? (
        <EmptyState icon={<Split size={18} />} title="No rules" action={add}>
          {prompt ? "Every call of it gets the version of its label, and that version’s model." : "Every call gets the model that it or its version names."} A rule sends some calls elsewhere, such as long ones to a model that reads more.
        </EmptyState>
      ) : (
        <>
          <ol aria-label="Rules" className="flex flex-col gap-2">
            {rules.map((rule, at) => (
              <li key={rule.name} className="flex items-start gap-3 rounded-l border border-line bg-panel p-3">
                <span aria-hidden className="numeric grid size-6 shrink-0 place-items-center rounded-s bg-sunken text-12 font-semibold">
                  {at + 1}
                </span>
                <div className="min-w-0 flex-1">
                  <h3 className="text-14 font-medium wrap-anywhere">{rule.name}</h3>
                  <p className="text-13 wrap-anywhere">
                    <span className="text-muted">Where</span> {inWords(rule.when) ?? <code className="text-12">{rule.when}</code>}, {usesWords(rule.use)}.
                  </p>
                </div>
                {may ? (
                  <span className="flex shrink-0 items-center max-sm:flex-col">
                    <IconButton size="s" label={`Ask ${rule.name} earlier`} icon={<ArrowUp size={14} aria-hidden />} disabled={at === 0} onClick={() => move(at, at - 1)} />
                    <IconButton size="s" label={`Ask ${rule.name} later`} icon={<ArrowDown size={14} aria-hidden />} disabled={at === rules.length - 1} onClick={() => move(at, at + 1)} />
                    <Menu
                      label={`What to do with ${rule.name}`}
                      items={[
                        { label: "Change", onSelect: () => setEdited(at) },
                        "-",
                        { label: "Remove", danger: true, onSelect: () => void put(rules.filter((_, index) => index !== at), `${rule.name} is removed`) },
                      ]}
                    />
                  </span>
                ) : null}
              </li>
            ))}
          </ol>
          <p className="text-12 text-muted">
            {rulesWords(rules.length)}: the first whose condition holds chooses.
            {updated.updated_at ? (
              <>
                {" "}
                Changed <RelativeTime at={updated.updated_at} />
                {updated.updated_by ? ` by ${nameOf(updated.updated_by).replace(/^You$/, "you")}` : ""}.
              </>
            ) : null}
          </p>
        </>
      )}
      {edited === null ? null : (
        <RuleForm
          rule={edited === "new" ? null : (rules[edited] ?? null)}
          at={edited === "new" ? rules.length : edited}
          prompt={prompt}
          onClose={() => setEdited(null)}
          save={async (rule) => {
            const answer = await save(edited === "new" ? [...rules, rule] : rules.map((one, at) => (at === edited ? rule : one)));
            setWarnings(answer.warnings ?? []);
            setEdited(null);
            tell(`${rule.name} holds everywhere within a second`);
          }}
        />
      )}
    </Section>
  );
}

