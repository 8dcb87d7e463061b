import { useDatasets } from "@/api/choices";

/** Says that a dataset is called so already: both would stand in every list, and nobody could tell them apart. */
export function SameName({ name }: { name: string }) {
  const isThere = useDatasets().choices.some((one) => one.label === name);
  return (
    <p role="status" className={isThere ? "text-13 text-muted" : "sr-only"}>
      {isThere ? `There is a dataset called ${name} already; lists would show two.` : ""}
    </p>
  );
}
