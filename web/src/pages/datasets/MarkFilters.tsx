import { Select, SearchInput, useMoreFilters } from "@/kit";

export type Marks = { category: string; tag: string; made: "" | "up" | "real" };

/** As the API asks for them. */
export function marksOf({ category, tag, made }: Marks): { category?: string; tag?: string; synthetic?: boolean } {
  return { ...(category ? { category } : {}), ...(tag ? { tag } : {}), ...(made ? { synthetic: made === "up" } : {}) };
}

/** What items are marked with, beside their split: category, tag, and whether they were made up. */
export function MarkFilters({ category, tag, made, onChange }: Marks & { onChange: (changed: Partial<Marks>) => void }) {
  const holding = [category, tag, made].filter(Boolean).length;
  const { button, row } = useMoreFilters(
    holding,
    <>
      <SearchInput label="Category" placeholder="Whole category" value={category} onChange={(next) => onChange({ category: next })} className="w-full sm:w-48" />
      <SearchInput label="Tag" placeholder="Whole tag" value={tag} onChange={(next) => onChange({ tag: next })} className="w-full sm:w-48" />
      <Select
        aria-label="Made up"
        compact
        value={made}
        onChange={(next) => onChange({ made: next })}
        options={[
          { value: "", label: "Real and made up" },
          { value: "real", label: "Only real ones" },
          { value: "up", label: "Only made up" },
        ]}
      />
    </>,
  );
  return (
    <>
      {button}
      {row ? <div className="w-full pt-2">{row}</div> : null}
    </>
  );
}
