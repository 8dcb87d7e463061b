import { type Facts, nextStep } from "@/api/first-steps";

const SEEN = "burnish.first-steps";

/** Whether somebody who has just signed in belongs on the first steps: while nothing has run, and once per browser while a step is left. */
export function belongsHere(facts: Facts, hasSeen: boolean): boolean {
  return nextStep(facts) !== null && (facts.runs === 0 || !hasSeen);
}

/** Whether this person has been led here before, in this browser. */
export function hasSeen(userId: string, workspaceId: string): boolean {
  try {
    return localStorage.getItem(`${SEEN}.${userId}.${workspaceId}`) !== null;
  } catch {
    return true;
  }
}

export function noteSeen(userId: string, workspaceId: string): void {
  try {
    localStorage.setItem(`${SEEN}.${userId}.${workspaceId}`, "1");
  } catch {
    // Storage is switched off: nobody is led here but for a workspace without runs.
  }
}
