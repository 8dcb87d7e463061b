import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { Schema } from "@/api/client";
import { useFreeSlug } from "@/api/free-slug";
import { useChange, useRead } from "@/api/hooks";
import { useMay } from "@/api/session";
import { Button, ButtonLink, Combobox, Diff, Facts, Field, FormDialog, Input, Loaded, Prose, RelativeTime, Section, SimulatedBadge, TextLink, errorFor, toast } from "@/kit";
import { CandidateActs } from "@/kit/candidate/CandidateActs";
import { editableText } from "@/lib/editable";
import { percent } from "@/lib/format";
import { StartBranch } from "./Branches";
import type { Move } from "./LabelMove";
import { MoveLabel } from "./MoveLabel";
import { contentOf } from "./content";
import { type Edge, KINDS, type Node, hasFamily, nameOf, nameOfNode } from "./lineage";
import { whyNot } from "./why";

type Prompt = Schema<"PromptAnswer">;

/** One node: what it is, what it came of and what came of it, and what can be done with it. */
export function Chosen({ prompt, node, edges, nodes, onChoose, other, onCompare }: { prompt: Prompt; node: Node; edges: readonly Edge[]; nodes: readonly Node[]; onChoose: (id: string) => void; /** The node that its family is compared with, or "". */ other: string; onCompare: (id: string) => void }) {
  const may = useMay();
  const [act, setAct] = useState<"branch" | "clone" | null>(null);
  const [move, setMove] = useState<Move | null>(null);
  const { slug } = prompt;
  const why = may.editPrompts ? undefined : (whyNot(may) ?? undefined);
  const off = { disabled: !may.editPrompts, why };
  const relatives = (list: readonly string[]) =>
    list.length === 0 ? null : (
      <span className="flex flex-wrap gap-1">
        {list.map((id) => (
          <Button key={id} size="s" variant="ghost" className="-my-1 -ml-2" onClick={() => onChoose(id)}>
            {nameOf(nodes.find((one) => one.id === id), slug)}
          </Button>
        ))}
      </span>
    );
  const from = edges.filter((edge) => edge.child === node.id);
  const others = hasFamily(node) ? nodes.filter((one) => one.id !== node.id && hasFamily(one)) : [];
  const isOurs = node.kind === "version" && node.prompt === slug && node.version !== null;
  return (
    <Section framed title={nameOfNode(node, slug)}>
      <Facts
        facts={[
          node.kind === "chain" ? ["Chain", <TextLink key="chain" to={`/chains/${node.prompt}`}>{node.prompt}</TextLink>] : ["Made by", node.made_by ?? "–"],
          node.kind === "chain" ? ["Test runs", <TextLink key="runs" to="/test-runs" search={{ chain: node.prompt }}>Test runs of the chain</TextLink>] : null,
          node.score === null ? ["Right", "not measured"] : ["Right", <span key="right" className="inline-flex items-center gap-1.5">{percent(node.score)}{node.simulated ? <SimulatedBadge /> : null}</span>],
          node.labels.length > 0 && ["Labels", node.labels.join(", ")],
          node.model ? ["Model", <code key="model" className="text-12">{node.model}</code>] : null,
          node.created_at ? ["Made", <RelativeTime key="at" at={node.created_at} />] : null,
          ...from.map((edge) => [KINDS[edge.kind], relatives([edge.parent])] as const),
          from[0]?.job_id ? ["Search", <TextLink key="job" to={`/optimize/${from[0].job_id}`}>Open the search</TextLink>] : null,
          node.line_id ? ["Generations", <TextLink key="line" to={`/optimize/generations/${node.line_id}`}>Open its generations</TextLink>] : null,
          ["What came of it", relatives(edges.filter((edge) => edge.parent === node.id).map((edge) => edge.child)) ?? "nothing yet"],
        ]}
      />
      {node.kind === "candidate" && node.candidate_id ? <Candidate slug={slug} id={node.candidate_id} /> : null}
      {isOurs && node.version !== null ? (
        <div className="flex flex-wrap gap-2">
          <ButtonLink size="s" to={`/prompts/${slug}`} search={{ tab: "versions", v: String(node.version) }}>
            Compare
          </ButtonLink>
          <ButtonLink size="s" to="/test-runs" search={{ new: "1", prompt: slug, version: String(node.version) }}>
            Test
          </ButtonLink>
          <Button size="s" {...off} onClick={() => setMove({ version: node.version as number })}>
            Set live…
          </Button>
          <Button size="s" {...off} onClick={() => setAct("branch")}>
            Branch…
          </Button>
          <Button size="s" {...off} onClick={() => setAct("clone")}>
            Clone…
          </Button>
        </div>
      ) : null}
      {others.length > 0 ? (
        <div className="flex flex-col gap-1">
          <span className="text-12 text-muted">Compare its family with that of</span>
          <Combobox label="Compare its family with that of" value={other || null} clear="None" placeholder="Choose another" className="w-full" choices={others.map((one) => ({ value: one.id, label: nameOfNode(one, slug), hint: one.made_by ?? undefined }))} onChange={(next) => onCompare(next ?? "")} />
        </div>
      ) : null}
      {act === "branch" && node.version !== null ? <StartBranch slug={slug} version={node.version} onClose={() => setAct(null)} /> : null}
      {act === "clone" && node.version !== null ? <Clone slug={slug} version={node.version} onClose={() => setAct(null)} /> : null}
      {move ? <MoveLabel slug={slug} labels={prompt.labels} move={move} onClose={() => setMove(null)} /> : null}
    </Section>
  );
}

function Candidate({ slug, id }: { slug: string; id: string }) {
  const found = useRead("/v1/prompts/{slug}/lineage/candidates/{candidate_id}", { path: { slug, candidate_id: id } });
  return (
    <Loaded of={found}>
      {(one) => (
        <div className="flex flex-col gap-3">
          <Against slug={slug} version={one.base_version} text={one.text} />
          <CandidateActs slug={slug} id={id} />
        </div>
      )}
    </Loaded>
  );
}

/** The text beside that of the version that its search began with. */
function Against({ slug, version, text }: { slug: string; version: number; text: string }) {
  const base = useRead("/v1/prompts/{slug}/versions/{version}", { path: { slug, version } }, { staleTime: Number.POSITIVE_INFINITY });
  const before = base.data ? editableText(contentOf(base.data).messages) : null;
  return <div className="max-h-96 overflow-auto">{before === null || before === text ? <Prose mono text={text} /> : <Diff label="Text" before={before} after={text} beforeName={`v${version}`} afterName="candidate" />}</div>;
}

function Clone({ slug, version, onClose }: { slug: string; version: number; onClose: () => void }) {
  const free = useFreeSlug(`${slug}-copy`);
  const [typed, setName] = useState<string | null>(null);
  const name = typed ?? free;
  const navigate = useNavigate();
  const copy = useChange("post", "/v1/prompts/{slug}/versions/{version}/copy", { invalidates: ["/v1/prompts"] });
  const done = (made: { slug: string }) => {
    toast(`${made.slug} is there, with where it came from`);
    void navigate({ to: `/prompts/${made.slug}`, search: { tab: "lineage" } as never });
  };
  return (
    <FormDialog open onOpenChange={(open) => !open && onClose()} title={`Clone v${version}`} description="A prompt of its own, live as its version 1; the lineage says where it came from." submit="Clone" busy={copy.isPending} error={copy.error} disabled={!name.trim()} onSubmit={() => copy.mutate({ path: { slug, version }, body: { slug: name.trim(), label: "production" } }, { onSuccess: done })}>
      <Field label="Name" required error={errorFor(copy.error, "slug")}>
        <Input mono autoFocus value={name} onChange={(event) => setName(event.target.value)} />
      </Field>
    </FormDialog>
  );
}
