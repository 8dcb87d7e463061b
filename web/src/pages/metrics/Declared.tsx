import { useRead } from "@/api/hooks";

/** The names of declared metrics, which the browser offers beside an input with `list` of this id. */
export function DeclaredMetrics({ id }: { id: string }) {
  const found = useRead("/v1/metrics", {}, { staleTime: 60_000 });
  return (
    <datalist id={id}>
      {found.data?.data.map((one) => (
        <option key={one.name} value={one.name}>
          {one.name}
        </option>
      ))}
    </datalist>
  );
}
