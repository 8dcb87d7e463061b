import { useRead } from "@/api/hooks";
import { Section, Table } from "@/kit";
import { day, decimal } from "@/lib/format";

/** The anonymous numbers that workspaces of the installation share, of the newest day; nothing where there are none yet. */
export function Statistics() {
  const { data } = useRead("/v1/platform-statistics", { query: { days: 30 } }, { staleTime: 300_000 });
  const newest = data?.data.reduce((last, one) => (one.day > last ? one.day : last), "") ?? "";
  const rows = (data?.data ?? []).filter((one) => one.day === newest && one.value !== null);
  if (rows.length === 0) return null;
  return (
    <Section title="What the installation shares" description={`Rounded, on ${day(newest)}, of the workspaces that take part.`} framed className="self-start lg:col-start-2">
      <Table
        label="Anonymous statistics"
        rows={rows}
        rowKey={(row) => row.measure}
        columns={[
          { key: "measure", head: "Number", cell: (row) => row.measure.replaceAll("_", " ") },
          { key: "value", head: "Value", align: "end", cell: (row) => decimal(row.value) },
          { key: "of", head: "Workspaces", align: "end", cell: (row) => row.contributors },
        ]}
      />
    </Section>
  );
}
