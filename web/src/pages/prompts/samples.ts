/** Sample values of variables: typed by hand, kept until the tab is closed for whoever typed them. What the variables want is made of them as in the playground. */
import { useCallback, useState } from "react";
import { samplesKey } from "@/api/unsaved";

export { type Values, readValue, valuesFor as valuesOf } from "@/lib/values";

export type Samples = Record<string, string>;

export function useSamples(user: string, workspace: string, slug: string): [Samples, (name: string, text: string) => void] {
  const place = samplesKey(user, workspace, slug);
  const [samples, setSamples] = useState<Samples>(() => readStored(place));
  const set = useCallback(
    (name: string, text: string) =>
      setSamples((before) => {
        const next = { ...before, [name]: text };
        try {
          sessionStorage.setItem(place, JSON.stringify(next));
        } catch {
          // Storage is full or switched off: they hold until the page is closed.
        }
        return next;
      }),
    [place],
  );
  return [samples, set];
}

function readStored(place: string): Samples {
  try {
    const found: unknown = JSON.parse(sessionStorage.getItem(place) ?? "{}");
    return typeof found === "object" && found !== null ? (Object.fromEntries(Object.entries(found).filter(([, text]) => typeof text === "string")) as Samples) : {};
  } catch {
    return {};
  }
}
