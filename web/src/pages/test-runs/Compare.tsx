import { useRead } from "@/api/hooks";
import { ComparisonTable } from "@/chart/ComparisonTable";
import { EmptyState, Loaded } from "@/kit";

/** The newest completed run of each version and model, beside the others over the same items. */
export default function Compare({ prompt, chain }: { prompt: string; chain: string }) {
  const found = useRead("/v1/test-runs/summary", { query: { prompt: prompt ? [prompt] : undefined, chain: chain ? [chain] : undefined } });
  return (
    <Loaded of={found}>
      {(summary) =>
        summary.data.length === 0 ? (
          <EmptyState title="Nothing to compare">Completed runs over the same items of a dataset stand here side by side, the newest of each version of a prompt and model, or of a chain.</EmptyState>
        ) : (
          <div className="flex flex-col gap-10">
            {summary.data.map((one) => (
              <ComparisonTable key={`${one.dataset_id} ${one.dataset_version} ${one.split}`} comparison={one} />
            ))}
          </div>
        )
      }
    </Loaded>
  );
}
