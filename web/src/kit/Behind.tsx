import { moment } from "@/lib/format";
import { Notice } from "./States";

/** Below this nobody notices: figures follow within seconds. */
const NOTICED_S = 60;

/** Beside figures that stand still because they are not counted yet; nothing as long as they follow, or where nobody knows. */
export function Behind({ of }: { of: { counted_through: string | null; behind_s: number | null } | undefined }) {
  if (!of?.counted_through || of.behind_s === null || of.behind_s <= NOTICED_S) return null;
  return (
    <Notice tone="warn" title="Figures are behind.">
      {`They hold what came until ${moment(of.counted_through)}; the rest is counted later.`}
    </Notice>
  );
}
