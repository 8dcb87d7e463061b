import { FlaskConical } from "lucide-react";
import { useRead } from "@/api/hooks";
import { Badge, TextLink } from "@/kit";
import { useNow } from "@/lib/use-now";
import { trialsOf } from "./trials";

/** That calls of a label get something else than the label says, or that a rollout was taken back while nobody looked; leads there. */
export function Trials({ slug }: { slug: string }) {
  const found = useRead("/v1/experiments", { query: { prompt: slug, limit: 20 } });
  const now = useNow(3_600_000);
  return trialsOf(found.data?.data ?? [], now).map(({ id, name, words, tone }) => (
    <TextLink key={id} to={`/experiments/${id}`} className="inline-flex finger:py-2 finger:-my-2 no-underline!">
      <span title={name} className="inline-flex">
        <Badge tone={tone} icon={<FlaskConical size={12} aria-hidden />}>
          {words}
        </Badge>
      </span>
    </TextLink>
  ));
}
