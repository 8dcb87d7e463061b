/** Test files that share a process begin alike, as if each had its own. */
import { cleanup, configure } from "@testing-library/react";
import { afterEach, vi } from "vitest";

// One second is too short on a machine that others use.
configure({ asyncUtilTimeout: 10_000 });

afterEach(() => {
  cleanup();
  vi.useRealTimers();
  vi.unstubAllGlobals();
  localStorage.clear();
  sessionStorage.clear();
});
