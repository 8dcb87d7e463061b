/** Parts of the page that come when they are needed. Where one cannot come, its place says so, and everything around it stays as it is. */
import { type ComponentType, use, useEffect, useReducer, useRef } from "react";

type Loaded<P> = { default: ComponentType<P> };
type Why = "no connection" | "replaced";

const ASK_AGAIN_MS = 3_000;
const RELOAD_ONCE_IN_MS = 60_000;
const RELOADED = "burnish.reloaded";

/** Whether Burnish answers at all. A proxy that says 502 to 504 speaks for itself alone. */
export async function isReachable(): Promise<boolean> {
  if (!navigator.onLine) return false;
  try {
    const { status } = await fetch("/app/theme.js", { method: "HEAD", cache: "no-store" });
    return status < 502 || status > 504;
  } catch {
    return false;
  }
}

/** After a deployment the files of the release before are gone: the new one is loaded, once. The browser asks where something is not saved. */
function loadNewRelease() {
  try {
    const last = Number(sessionStorage.getItem(RELOADED) ?? 0);
    if (Date.now() - last < RELOAD_ONCE_IN_MS) return;
    sessionStorage.setItem(RELOADED, String(Date.now()));
  } catch {
    return; // Storage is switched off: it could go round for ever.
  }
  location.reload();
}

/**
 * `lazy`, for connections that come and go: `later(() => import("./Charts"))`. Without one its place says so and it comes by itself as soon as
 * there is one again; nothing is thrown, so that nothing around it is lost. `quiet`: it says nothing, for what lies over the page.
 */
export function later<P extends object>(load: () => Promise<Loaded<P>>, { quiet = false } = {}) {
  let found: ComponentType<P> | null = null;
  let why: Why | null = null;
  let attempt: Promise<void> | null = null;

  const ask = () =>
    (attempt ??= load().then(
      (module) => {
        found = module.default;
      },
      async () => {
        why = (await isReachable()) ? "replaced" : "no connection";
      },
    ));
  const forget = () => {
    why = null;
    attempt = null;
  };

  function Later(props: P) {
    const [, again] = useReducer((times: number) => times + 1, 0);
    if (found) {
      const Found = found;
      return <Found {...props} />;
    }
    if (!why) use(ask());
    const retry = () => {
      if (!found) forget();
      again();
    };
    return <Missing why={why ?? "no connection"} quiet={quiet} onRetry={retry} />;
  }
  /** Fetches it ahead of time; what fails then is not told, and tried again when it is needed. The router calls it too. */
  Later.preload = async () => {
    await ask();
    if (!found) forget();
  };
  /** Whether it is shown at once. */
  Later.isHere = () => found !== null;
  return Later;
}

function Missing({ why, quiet, onRetry }: { why: Why; quiet: boolean; onRetry: () => void }) {
  const retry = useRef(onRetry);
  useEffect(() => {
    retry.current = onRetry;
  });
  useEffect(() => {
    if (why === "replaced") {
      loadNewRelease();
      return undefined;
    }
    let isGone = false;
    const look = async () => {
      if ((await isReachable()) && !isGone) retry.current();
    };
    const heard = () => void look();
    const timer = setInterval(heard, ASK_AGAIN_MS);
    addEventListener("online", heard);
    return () => {
      isGone = true;
      clearInterval(timer);
      removeEventListener("online", heard);
    };
  }, [why]);
  if (quiet) return null;
  return (
    <div role="status" className="flex flex-col items-center px-4 py-12 text-center">
      <h2 className="text-16 font-semibold">{why === "replaced" ? "This part could not be loaded" : "No connection"}</h2>
      <p className="mt-1 max-w-[60ch] text-14 text-muted">
        {why === "replaced" ? "Burnish was probably updated meanwhile. Save what you are writing, then load the page again." : "This comes as soon as there is a connection again. Nothing is lost."}
      </p>
      <button
        type="button"
        className="mt-4 h-8 rounded-m border border-line-strong/50 bg-panel px-3 text-13 font-medium hover:bg-sunken"
        onClick={() => (why === "replaced" ? location.reload() : onRetry())}
      >
        {why === "replaced" ? "Load the page again" : "Try now"}
      </button>
    </div>
  );
}
