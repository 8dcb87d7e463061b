import { useQueryClient } from "@tanstack/react-query";
import { ArrowDown, ArrowUp, Plus, Split } from "lucide-react";
import { useRef, useState } from "react";
import { useAuthors } from "@/api/authors";
import { usePromptChoices } from "@/api/choices";
import { change, keyOf, read, useRead } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Button, Combobox, EmptyState, IconButton, Loaded, Menu, NavTabs, Notice, Page, RelativeTime, Section, TextLink, Toolbar, dismiss, toast, toastError, useUndo } from "@/kit";
import { amid } from "@/lib/format";
import { text, useUrlState } from "@/lib/url-state";
import { ChangesOf } from "@/pages/team/ChangesOf";
import { PROVIDER_TABS } from "../providers/tabs";
import { Explain } from "./Explain";
import { RequirementsForm } from "./RequirementsForm";
import { RuleForm } from "./RuleForm";
import { inWords } from "./condition";
import { type Requirements, type Rule, requirementWords, rulesWords, usesWords } from "./model";
import { Changed, type Routing, type Sent, moved, saveOver, withRule } from "./saving";

const shape = { prompt: text() };
const OF_PROMPT = "/v1/prompts/{slug}/routing";

/** Which model answers whom: rules of the workspace or of one prompt, what `auto` asks, and what would happen to a call. */
export default function RoutingPage() {
  const [{ prompt }, set] = useUrlState(shape);
  const prompts = usePromptChoices(prompt);
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

type Kept = { busy: boolean; save: (seen: Routing, next: Sent) => Promise<Routing>; /** The same, outside of the component: for Undo. */ back: (seen: Routing, next: Sent) => Promise<Routing> };

/** Saves the rules of the workspace or of a prompt over what was seen. Refused by `Changed`, the page shows the newest. */
function useSaving(prompt: string | null): Kept {
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const isHeld = useRef(false);
  const path = { slug: prompt ?? "" };
  const ways = {
    read: (): Promise<Routing> => (prompt === null ? read("/v1/routing") : read(OF_PROMPT, { path })),
    write: (next: Sent): Promise<Routing> => (prompt === null ? change("put", "/v1/routing", { body: next as never }) : change("put", OF_PROMPT, { path, body: { rules: next.rules } as never })),
  };
  const show = (now: Routing) => queries.setQueryData(prompt === null ? keyOf("/v1/routing") : keyOf(OF_PROMPT, { path }), now);
  const back = (seen: Routing, next: Sent) => saveOver(ways, seen, next);
  const save = async (seen: Routing, next: Sent) => {
    // A second press in the same moment: what it saw is not there any more.
    if (isHeld.current) throw new Error("It is being saved already.");
    isHeld.current = true;
    setBusy(true);
    try {
      const kept = await back(seen, next);
      show(kept);
      return kept;
    } catch (error) {
      if (error instanceof Changed) show(error.now);
      throw error;
    } finally {
      isHeld.current = false;
      setBusy(false);
    }
  };
  return { busy, save, back };
}

function OfWorkspace() {
  const found = useRead("/v1/routing");
  const may = useMay();
  const saving = useSaving(null);
  const [asking, setAsking] = useState(false);
  return (
    <Loaded of={found}>
      {(routing) => {
        const asked = (routing.requirements ?? {}) as Requirements;
        const words = requirementWords(asked);
        return (
          <div className="flex min-w-0 flex-col gap-8">
            <Rules
              routing={routing}
              saving={saving}
              path="/v1/routing"
              may={may.edit}
              why={needs("editor")}
              prompt={null}
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
            {asking ? <RequirementsForm routing={routing} onClose={() => setAsking(false)} save={saving.save} /> : null}
          </div>
        );
      }}
    </Loaded>
  );
}

function OfPrompt({ prompt }: { prompt: string }) {
  const found = useRead(OF_PROMPT, { path: { slug: prompt } });
  const may = useMay();
  const saving = useSaving(prompt);
  return (
    <Loaded of={found}>
      {(routing) => (
        <Rules
          routing={routing}
          saving={saving}
          path={OF_PROMPT}
          may={may.editPrompts}
          why={needs(may.edit ? "admin" : "editor")}
          prompt={prompt}
          description="They are asked before the workspace’s, and may choose a version or a label too. What auto asks stands in the prompt’s versions."
        />
      )}
    </Loaded>
  );
}

type RulesProps = {
  routing: Routing;
  saving: Kept;
  path: string;
  may: boolean;
  why: string;
  prompt: string | null;
  description: string;
};

/** A form that is open: of which rule, and over which list it was opened or last refused. */
type Edited = { rule: Rule | null; seen: Routing };

function Rules({ routing, saving, path, may, why, prompt, description }: RulesProps) {
  const rules = routing.rules ?? [];
  const [edited, setEdited] = useState<Edited | null>(null);
  const [pressed, setPressed] = useState("");
  const [warnings, setWarnings] = useState<readonly string[]>([]);
  const undo = useUndo([path]);
  const nameOf = useAuthors();
  // One Undo at a time: an older one would take back what was changed since.
  const said = useRef<number | null>(null);
  const over = (seen: Routing, next: readonly Rule[]): Sent => ({ rules: next, requirements: (seen.requirements ?? {}) as Requirements });
  const keep = async (seen: Routing, next: readonly Rule[], words: string) => {
    const kept = await saving.save(seen, over(seen, next));
    setWarnings(kept.warnings ?? []);
    if (said.current !== null) dismiss(said.current);
    said.current = toast(words, undo(() => saving.back(kept, over(seen, seen.rules ?? [])), "The rules are as they were"));
  };
  const put = (act: string, next: readonly Rule[], words: string) => {
    if (saving.busy) return;
    setPressed(act);
    void keep(routing, next, words).catch(toastError);
  };
  const move = (name: string, by: -1 | 1) => put(`${by} ${name}`, moved(rules, name, by), "They are asked in this order now");
  const arrow = (name: string, by: -1 | 1, isLast: boolean) => {
    const isPressed = saving.busy && pressed === `${by} ${name}`;
    const Icon = by < 0 ? ArrowUp : ArrowDown;
    return <IconButton size="s" label={`Ask ${name} ${by < 0 ? "earlier" : "later"}`} icon={<Icon size={14} aria-hidden />} busy={isPressed} disabled={!isPressed && (isLast || saving.busy)} onClick={() => move(name, by)} />;
  };
  const add = (
    <Button icon={<Plus size={14} aria-hidden />} onClick={() => setEdited({ rule: null, seen: routing })} disabled={!may} why={why} size={rules.length > 0 ? "s" : "m"} variant={rules.length > 0 ? "secondary" : "primary"}>
      Add a rule
    </Button>
  );
  return (
    <Section title={prompt ? `Rules of ${prompt}` : "Rules of the workspace"} description={description} actions={rules.length > 0 ? <span className="flex flex-wrap gap-2"><ChangesOf kind="routing" object={prompt ?? "workspace"} />{add}</span> : null}>
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
                    {arrow(rule.name, -1, at === 0)}
                    {arrow(rule.name, 1, at === rules.length - 1)}
                    <Menu
                      label={`What to do with ${rule.name}`}
                      items={[
                        { label: "Change", onSelect: () => setEdited({ rule, seen: routing }) },
                        "-",
                        { label: "Remove", danger: true, disabled: saving.busy, onSelect: () => put(`remove ${rule.name}`, rules.filter((one) => one.name !== rule.name), `${rule.name} is removed`) },
                      ]}
                    />
                  </span>
                ) : null}
              </li>
            ))}
          </ol>
          <p className="text-12 text-muted">
            {rulesWords(rules.length)}: the first whose condition holds chooses.
            {routing.updated_at ? (
              <>
                {" "}
                Changed <RelativeTime at={routing.updated_at} />
                {routing.updated_by ? ` by ${amid(nameOf(routing.updated_by))}` : ""}.
              </>
            ) : null}
          </p>
        </>
      )}
      {edited === null ? null : (
        <RuleForm
          rule={edited.rule}
          at={placeOf(edited)}
          prompt={prompt}
          onClose={() => setEdited(null)}
          save={async (rule) => {
            try {
              await keep(edited.seen, withRule(edited.seen.rules ?? [], edited.rule?.name ?? null, rule), `${rule.name} holds everywhere within a second`);
              setEdited(null);
            } catch (error) {
              // What was typed stays; from here on it lies over the list that is shown now.
              if (error instanceof Changed) setEdited({ ...edited, seen: error.now });
              throw error;
            }
          }}
        />
      )}
    </Section>
  );
}

/** Its place in the list that is sent, by which the API names it. */
function placeOf({ rule, seen }: Edited): number {
  const rules = seen.rules ?? [];
  const at = rules.findIndex((one) => one.name === rule?.name);
  return at < 0 ? rules.length : at;
}
