import { Diff } from "@/kit";
import { SettingsThatDiffer } from "@/pages/prompts/Comparison";
import { type Whole, formOf, orderThatDiffers, settingsThatDiffer, stepText, stepsOf, stepsThatDiffer } from "./form";

/** What it takes to get from one version of a chain to another: steps by line and word, the rest by field. */
export function ChainComparison({ before, after, beforeName, afterName }: { before: Whole; after: Whole; beforeName: string; afterName: string }) {
  const [was, is] = [stepsOf(before), stepsOf(after)];
  const steps = stepsThatDiffer(was, is);
  const order = orderThatDiffers(was, is);
  const settings = [...(order ? [{ name: "Order of steps", ...order }] : []), ...settingsThatDiffer(formOf(before), formOf(after))];
  if (steps.length === 0 && settings.length === 0) return <p className="rounded-m border border-line px-3 py-2 text-13 text-muted">{`${beforeName} and ${afterName} say the same.`}</p>;
  return (
    <div className="flex min-w-0 flex-col gap-4">
      {steps.map((one) => (
        <Diff key={one.id} label={`Step ${one.id}${one.before ? (one.after ? "" : ", taken out") : ", new"}`} before={stepText(one.before)} after={stepText(one.after)} beforeName={beforeName} afterName={afterName} />
      ))}
      {settings.length > 0 ? <SettingsThatDiffer rows={settings} beforeName={beforeName} afterName={afterName} /> : null}
    </div>
  );
}
