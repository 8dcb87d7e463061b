/** What was chosen last at each place of one kind, kept by this browser. */
export type LastChosen = {
  /** undefined: nothing is known of the place, or nothing may be kept here. */
  at: (place: string) => string | undefined;
  keep: (place: string, choice: string) => void;
};

/** `name`: of all choices of the kind, in `localStorage`. Of more than `most` places those are forgotten that were used least lately. */
export function lastChosen(name: string, most: number): LastChosen {
  const all = (): [place: string, choice: string][] => {
    try {
      const found: unknown = JSON.parse(localStorage.getItem(name) ?? "[]");
      return Array.isArray(found) ? (found as [string, string][]).filter((one) => Array.isArray(one) && one.length === 2) : [];
    } catch {
      return []; // Written by hand, or nothing may be kept here.
    }
  };
  return {
    at: (place) => all().find(([one]) => one === place)?.[1],
    keep: (place, choice) => {
      try {
        localStorage.setItem(name, JSON.stringify([[place, choice], ...all().filter(([one]) => one !== place)].slice(0, most)));
      } catch {
        // Full, or nothing may be kept here: whoever asks offers what they would without it.
      }
    },
  };
}
