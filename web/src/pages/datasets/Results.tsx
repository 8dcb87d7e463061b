import { useRead } from "@/api/hooks";
import { EmptyState, Loaded, TextLink } from "@/kit";
import { ComparisonTable } from "@/chart/ComparisonTable";

/** What versions did on this dataset: the newest run of each. */
export default function Results({ id }: { id: string }) {
  const found = useRead("/v1/test-runs/summary", { query: { dataset_id: id } });
  return (
    <Loaded of={found}>
      {(summary) =>
        summary.data.length === 0 ? (
          <EmptyState title="No test run on it is completed yet" action={<TextLink to="/test-runs" search={{ on: id }}>All test runs on it</TextLink>}>A test run says how many of these cases a version gets right.</EmptyState>
        ) : (
          <div className="flex flex-col gap-8">
            {summary.data.map((one) => (
              <ComparisonTable key={`${one.dataset_version} ${one.split}`} comparison={one} />
            ))}
            <p className="text-13"><TextLink to="/test-runs" search={{ on: id }}>All test runs on it</TextLink></p>
          </div>
        )
      }
    </Loaded>
  );
}
