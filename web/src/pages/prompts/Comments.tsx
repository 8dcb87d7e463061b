import { useState } from "react";
import { useRead } from "@/api/hooks";
import { Badge, Select, TextLink } from "@/kit";
import { CommentList } from "@/kit/comments/CommentList";
import { AddComment } from "@/kit/comments/WriteComment";
import type { About } from "@/kit/comments/requests";
import { contentOf, nameOf as nameOfPart, partsToComment } from "./content";

const NEVER_OLD = { staleTime: Number.POSITIVE_INFINITY };

/** What people said of a version, or of how it differs from another one, with answers below. `against`: the one that it is compared with now.
 *  `wanted`: the comment that a link leads to. */
export function Comments({ slug, version, against = null, wanted = "" }: { slug: string; version: number; against?: number | null; wanted?: string }) {
  return (
    <CommentList
      place={{ of: "prompt", id: slug, version }}
      wanted={wanted}
      aboutOf={(one) => ({ version, against: one.against ?? null, part: one.part ?? null })}
      badges={(one) => (
        <>
          {one.against == null ? null : <Between slug={slug} version={version} against={one.against} isShown={one.against === against} />}
          {one.part ? <Badge>{nameOfPart(one.part)}</Badge> : null}
        </>
      )}
    >
      <New slug={slug} version={version} against={against} />
    </CommentList>
  );
}

/** A comment on the difference that is on screen, or on the version by itself; on all of it, or on a part. */
function New({ slug, version, against }: { slug: string; version: number; against: number | null }) {
  const [isAlone, setAlone] = useState(false);
  const [part, setPart] = useState("");
  const other = isAlone ? null : against;
  const after = useRead("/v1/prompts/{slug}/versions/{version}", { path: { slug, version } }, NEVER_OLD).data;
  const before = useRead("/v1/prompts/{slug}/versions/{version}", { path: { slug, version: other ?? version } }, NEVER_OLD).data;
  const parts = after && before ? partsToComment(other === null ? null : contentOf(before), contentOf(after)) : [];
  // A part that does not differ from what is compared with now is not what one comments on.
  const about: About = { version, against: other, part: parts.includes(part) ? part : null };
  return (
    <div className="flex flex-col gap-2">
      <div className="flex flex-wrap gap-2">
        {against === null ? null : (
          <Select compact aria-label="What the comment is about" value={isAlone ? "version" : "difference"} onChange={(next) => setAlone(next === "version")} options={[{ value: "difference", label: `v${against} → v${version}` }, { value: "version", label: `v${version} by itself` }]} />
        )}
        {parts.length > 0 ? <Select compact aria-label="Which part the comment is about" value={about.part ?? ""} empty="All of it" onChange={setPart} options={parts.map((one) => ({ value: one, label: nameOfPart(one) }))} /> : null}
      </div>
      <AddComment place={{ of: "prompt", id: slug, version }} about={about} label={other === null ? "Comment on this version" : `Comment on v${other} → v${version}`} />
    </div>
  );
}

/** Which difference it is about; it leads there where another one is on screen. */
function Between({ slug, version, against, isShown }: { slug: string; version: number; against: number; isShown: boolean }) {
  const words = `v${against} → v${version}`;
  if (isShown) return <Badge tone="accent">{words}</Badge>;
  return (
    <TextLink to={`/prompts/${slug}`} search={{ tab: "versions", v: String(version), against: String(against) }} className="numeric">
      {words}
    </TextLink>
  );
}
