import { useRead } from "@/api/hooks";
import { type Experiment, awaitsShipping } from "./model";

/** Whether the label came to name the version that won after it was decided, by hand: then there is nothing to ship. False while it is not known. */
export function useWinnerServed(experiment: Experiment): boolean {
  const { promotion, winner, arms, prompt, label } = experiment;
  // Of an arm with a model of its own, the version is only what it comes from, until one is saved for it.
  const isPlain = arms.find((one) => one.name === winner)?.model == null || promotion?.model != null;
  const isAsked = promotion != null && promotion.version !== null && isPlain && awaitsShipping(experiment);
  const { data } = useRead("/v1/prompts/{slug}", { path: { slug: prompt } }, { enabled: isAsked });
  return isAsked && data !== undefined && data.labels[label] === promotion.version;
}
