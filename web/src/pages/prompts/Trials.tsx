import { FlaskConical } from "lucide-react";
import { useRead } from "@/api/hooks";
import { Badge, Notice, TextLink } from "@/kit";
import { spaced } from "@/lib/format";
import { useNow } from "@/lib/use-now";
import { type Trial, takenBack, trialsOf } from "./trials";

/** That calls of a label get something else than the label says, or that a rollout was taken back while nobody looked; leads there. */
export function Trials({ slug }: { slug: string }) {
  const found = useRead("/v1/experiments", { query: { prompt: slug, limit: 20 } });
  const now = useNow(3_600_000);
  return <TrialLinks trials={trialsOf(found.data?.data ?? [], now)} />;
}

export function TrialLinks({ trials }: { trials: readonly Trial[] }) {
  return trials.map((one) => (
    <TextLink key={one.id} to={`/experiments/${one.id}`} className="inline-flex finger:py-2 finger:-my-2 no-underline!">
      <TrialBadge trial={one} />
    </TextLink>
  ));
}

export function TrialBadge({ trial: { name, words, tone } }: { trial: Trial }) {
  return (
    <span title={name} className="inline-flex">
      <Badge tone={tone} icon={<FlaskConical size={12} aria-hidden />}>
        {words}
      </Badge>
    </span>
  );
}

/** Before everybody gets a version: that its last rollout was taken back, and why. */
export function TakenBack({ slug, version }: { slug: string; version: number }) {
  const found = useRead("/v1/experiments", { query: { prompt: slug, limit: 20 } });
  const was = takenBack(found.data?.data ?? [], version);
  if (!was) return null;
  return (
    <Notice tone="warn" title={`v${version} was rolled back.`}>
      {spaced(was.sentence)} <TextLink to={`/experiments/${was.id}`}>{was.name}</TextLink>
    </Notice>
  );
}
