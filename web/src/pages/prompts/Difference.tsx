import { useRead } from "@/api/hooks";
import { Loaded } from "@/kit";
import { Comparison } from "./Comparison";
import { contentOf } from "./content";

const NEVER_OLD = { staleTime: Number.POSITIVE_INFINITY };

/** What changed between two versions. */
export function Difference({ slug, a, b }: { slug: string; a: number; b: number }) {
  const before = useRead("/v1/prompts/{slug}/versions/{version}", { path: { slug, version: a } }, NEVER_OLD);
  const after = useRead("/v1/prompts/{slug}/versions/{version}", { path: { slug, version: b } }, NEVER_OLD);
  return <Loaded of={before}>{(one) => <Loaded of={after}>{(other) => <Comparison before={contentOf(one)} after={contentOf(other)} beforeName={`v${one.version}`} afterName={`v${other.version}`} />}</Loaded>}</Loaded>;
}
