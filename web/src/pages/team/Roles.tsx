import { Check, Minus } from "lucide-react";
import { Badge, type Column, Drawer, Table } from "@/kit";
import { classes } from "@/lib/classes";
import { over, text, useUrlState } from "@/lib/url-state";
import { type Area, ROLES, type Role, type Rule, areasOf, extentOf } from "./rights";
import all from "./rights.json";

const AREAS = areasOf(all);
const shape = { area: over(text()) };
const HEADS: Record<Role, string> = { viewer: "Viewer", editor: "Editor", admin: "Admin" };
const RULES: Record<Rule, string> = { viewer: "every member", editor: "editors", prompt_editor: "editors*", admin: "admins", operator: "the operator" };

/** What each role may, as the API says it of every operation. */
export default function Roles() {
  const [{ area }, set] = useUrlState(shape);
  const opened = AREAS.find((one) => one.id === area);
  return (
    <div className="flex flex-col gap-3">
      <Table label="What each role may" columns={COLUMNS} rows={AREAS} rowKey={(row) => row.id} onOpen={(row) => set({ area: row.id }, { push: true })} selected={area || null} />
      <p className="text-12 text-muted">Out of the API’s own description. A workspace may leave prompts, labels, suggestions and the library to admins (Settings). What the operator of the installation does is counted for nobody.</p>
      <Drawer open={Boolean(opened)} onOpenChange={(open) => !open && set({ area: "" })} title={opened?.name ?? ""} description="Who may do what">
        {opened ? <Detail area={opened} /> : null}
      </Drawer>
    </div>
  );
}

const COLUMNS: Column<Area>[] = [
  { key: "area", head: "Area", cell: (row) => <span className="font-medium">{row.name}</span> },
  ...ROLES.map((role): Column<Area> => ({ key: role, head: HEADS[role], width: "w-18 sm:w-44", cell: (row) => <Extent role={role} area={row} /> })),
];

function Extent({ role, area }: { role: Role; area: Area }) {
  const { all: whole, none, words } = extentOf(role, area);
  return (
    <span className="flex items-center gap-1.5">
      {whole ? <Check size={14} aria-hidden className="shrink-0 text-ok" /> : none ? <Minus size={14} aria-hidden className="shrink-0 text-muted" /> : null}
      <span className={classes("max-sm:text-12", none && "text-muted", (whole || none) && "max-sm:sr-only")}>{words}</span>
    </span>
  );
}

function Detail({ area }: { area: Area }) {
  const isOpen = area.rights.some(([rule]) => rule === "prompt_editor");
  return (
    <div className="flex flex-col gap-5">
      {(["act", "read"] as const).map((verb) => {
        const rights = area.rights.filter((one) => one[1] === verb);
        return rights.length === 0 ? null : (
          <section key={verb} aria-label={verb === "act" ? "Acts" : "Reads"}>
            <h3 className="mb-1 text-13 font-semibold">{verb === "act" ? "Acts" : "Reads"}</h3>
            <ul>
              {rights.map(([rule, , what], index) => (
                <li key={index} className="flex items-start justify-between gap-4 border-b border-line py-1.5 text-13 last:border-b-0">
                  <span className="min-w-0 wrap-anywhere">{what}</span>
                  <Badge tone={rule === "admin" || rule === "operator" ? "accent" : "neutral"}>{RULES[rule]}</Badge>
                </li>
              ))}
            </ul>
          </section>
        );
      })}
      {isOpen ? <p className="text-12 text-muted">* or admins alone, where the workspace says so.</p> : null}
    </div>
  );
}
