// Of what kinds the audit log has objects, out of the API's description: src/pages/team/audit-kinds.json. `npm run gen` calls it.
import { readFileSync, writeFileSync } from "node:fs";

const { paths } = JSON.parse(readFileSync("../docs/reference/openapi.json", "utf8"));
const { schema } = paths["/v1/audit"].get.parameters.find((one) => one.name === "object_kind");
writeFileSync("src/pages/team/audit-kinds.json", `${JSON.stringify(schema.examples)}\n`);
