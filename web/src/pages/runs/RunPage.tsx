import { Page } from "@/kit";
import { usePathParam } from "@/lib/pages";
import { LoadedRun, RunActs } from "./Run";

export default function RunPage() {
  const id = usePathParam("id");
  return (
    <Page title="Run" subtitle={<code className="text-12 break-all">{id}</code>} back={{ to: "/runs", label: "Runs" }} actions={<RunActs id={id} />}>
      <LoadedRun id={id} wide />
    </Page>
  );
}
