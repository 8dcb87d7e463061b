import { Page } from "@/kit";
import { usePathParam } from "@/lib/pages";
import { text, useUrlState } from "@/lib/url-state";
import { LoadedRun, RunActs } from "./Run";

const shape = { comment: text() };

export default function RunPage() {
  const id = usePathParam("id");
  const [{ comment }] = useUrlState(shape);
  return (
    <Page title="Run" subtitle={<code className="text-12 break-all">{id}</code>} back={{ to: "/runs", label: "Runs" }} actions={<RunActs id={id} />}>
      <LoadedRun id={id} wide wanted={comment} />
    </Page>
  );
}
