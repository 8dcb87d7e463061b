/** What stands behind the "#" of the address, where pages keep texts, while somebody signs in: in this tab alone, since no server and no log may see
 * it. A provider's sign-in leads through other documents, so that no address of the page can carry it. */
import { parseSearch, stringifySearch } from "@/lib/search";
import { keepsNothing } from "./unsaved";

const KEPT = "burnish.address-texts";

/** `to`: path and search. `by`: who wrote it, or read it last; null: nobody has yet, it came by a link. */
type Kept = { to: string; hash: string; by: string | null };

/** Keeps what stands there now for when `by` is here again; nothing once somebody signed out. */
export function keepAddressTexts(by: string | null): void {
  const { hash } = window.location;
  if (!hash || keepsNothing()) return;
  try {
    sessionStorage.setItem(KEPT, JSON.stringify({ to: here(), hash, by } satisfies Kept));
  } catch {
    // Storage is switched off or full: nothing can be kept.
  }
}

/** Puts them back where `person` came to the same address. They are kept no longer, wherever that was. */
export function putAddressTextsBack(person: string): void {
  const kept = read();
  forgetAddressTexts();
  if (!kept || (kept.by !== null && kept.by !== person) || kept.to !== here() || window.location.hash) return;
  const state = { ...(window.history.state as object | null), ...(kept.by === null ? {} : { by: kept.by }) };
  window.history.replaceState(state, "", window.location.pathname + window.location.search + kept.hash);
}

/** Those of everybody, or of everybody else. */
export function forgetAddressTexts(butOf?: string): void {
  const kept = butOf === undefined ? null : read();
  if (kept && (kept.by === null || kept.by === butOf)) return;
  try {
    sessionStorage.removeItem(KEPT);
  } catch {
    // Storage is switched off: there is nothing.
  }
}

/** As the router writes it: what was typed into the address is the same after the way through the sign-in. */
const here = () => window.location.pathname + stringifySearch(parseSearch(window.location.search));

function read(): Kept | null {
  try {
    const found = JSON.parse(sessionStorage.getItem(KEPT) ?? "null") as Partial<Kept> | null;
    return typeof found?.to === "string" && typeof found.hash === "string" && (found.by === null || typeof found.by === "string") ? (found as Kept) : null;
  } catch {
    return null;
  }
}
