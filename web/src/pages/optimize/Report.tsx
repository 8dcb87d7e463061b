import { Badge, type Column, Facts, Notice, Section, Table, TextLink } from "@/kit";
import { count, decimal, percent, plural, points, pointsRange } from "@/lib/format";
import { type Edit, itemOfNote } from "./model";

type Theme = { words: string[]; size: number; feedback_ids: string[]; edits: Pick<Edit, "text" | "state" | "effect" | "effect_low" | "effect_high">[] };
export type Told = {
  notes?: string[];
  themes?: Theme[];
  comments?: number;
  learned?: { signal: boolean; reason?: string; spearman?: number | null; rows?: number; contributions?: { feature: string; value: number; low: number; high: number }[] };
  unavailable?: Record<string, string>;
  unscored?: Record<string, number>;
};

const COLUMNS: Column<Theme>[] = [
  { key: "words", head: "What people wrote about", cell: (row) => <span className="wrap-anywhere">{row.words.join(", ")}</span> },
  { key: "size", head: "Comments", align: "end", width: "w-24", cell: (row) => count(row.size) },
  {
    key: "edits",
    head: "Edits that came of it",
    cell: (row) =>
      row.edits.length === 0 ? (
        <span className="text-muted">none</span>
      ) : (
        <ul className="flex flex-col gap-1 py-1">
          {row.edits.map((edit, at) => (
            <li key={at} className="text-12">
              <span className="font-mono wrap-anywhere">{edit.text}</span>{" "}
              <span className="whitespace-nowrap text-muted">
                {points(edit.effect)} ({pointsRange(edit.effect_low, edit.effect_high)})
              </span>
            </li>
          ))}
        </ul>
      ),
  },
];

/** What a search has to say beside its figures. Nothing where it has nothing to say. */
export function Report({ report, dataset }: { report: Told | undefined; dataset: string }) {
  const { notes = [], themes, comments, learned, unavailable = {} } = report ?? {};
  const missing = Object.entries(unavailable);
  if (notes.length === 0 && !themes?.length && !learned && missing.length === 0) return null;
  return (
    <Section title="What it says">
      <div className="flex flex-col gap-4">
        {notes.map((note) => (
          <Notice key={note}>{note.startsWith("saturated") ? "Nothing new came any more, so it ended before its budget." : <Note note={note} dataset={dataset} />}</Notice>
        ))}
        {missing.length > 0 ? (
          <Notice tone="warn" title="Could not be taken.">
            {missing.map(([metric, why]) => (
              <span key={metric} className="block">
                {metric}: {why}
              </span>
            ))}
          </Notice>
        ) : null}
        {themes?.length ? (
          <>
            <p className="text-13 text-muted">{plural(comments ?? 0, "comment")} were read.</p>
            <Table label="What people wrote about" columns={COLUMNS} rows={themes} rowKey={(row) => row.words.join(" ")} />
          </>
        ) : null}
        {learned ? <Learned learned={learned} /> : null}
      </div>
    </Section>
  );
}

/** An item is told by a link and not by its id, which says nothing to anybody. */
function Note({ note, dataset }: { note: string; dataset: string }) {
  const told = itemOfNote(note);
  if (told === null) return <>{note}</>;
  return (
    <>
      {told[0]}{" "}
      <TextLink to={`/datasets/${dataset}`} search={{ item: told[1] }}>
        this one
      </TextLink>
      .
    </>
  );
}

function Learned({ learned }: { learned: NonNullable<Told["learned"]> }) {
  return (
    <div className="flex flex-col gap-2">
      <span className="flex items-center gap-2 text-13 font-medium">
        Learned from earlier scores <Badge tone={learned.signal ? "ok" : "neutral"}>{learned.signal ? "predicts" : "no signal"}</Badge>
      </span>
      <Facts facts={[["Scored texts", count(learned.rows)], ["Order of new texts foretold", learned.spearman == null ? "–" : percent(learned.spearman, 0)], !learned.signal && ["Why not", learned.reason ?? ""]]} />
      {learned.contributions?.length ? <Facts facts={learned.contributions.map((one) => [one.feature, `${decimal(one.value)} (${decimal(one.low)} to ${decimal(one.high)})`] as const)} /> : null}
    </div>
  );
}
