/** Test files that share a process begin alike, as if each had its own. */
import { cleanup, configure } from "@testing-library/react";
import { afterEach, vi } from "vitest";

// One second, which both have by themselves, is too short on a machine that others use: what is waited for ends when it is there.
const PATIENCE_MS = 25_000;
configure({ asyncUtilTimeout: PATIENCE_MS });
if (!("isPatient" in vi.waitFor)) {
  const { waitFor } = vi;
  const patient: typeof waitFor = (check, options) => waitFor(check, typeof options === "number" ? options : { timeout: PATIENCE_MS, ...options });
  vi.waitFor = Object.assign(patient, { isPatient: true });
}

afterEach(() => {
  cleanup();
  vi.useRealTimers();
  vi.unstubAllGlobals();
  localStorage.clear();
  sessionStorage.clear();
});
