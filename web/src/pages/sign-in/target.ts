/** Where somebody lands who wanted nowhere in particular: on the first steps while there are some to go, else on the prompts. */
export const ARRIVAL = "/start?arrived=1";

/** Where somebody wanted to go before signing in. Only a path of this page: an address of elsewhere is not followed. */
export function targetOf(to: string): string {
  return /^\/(?![/\\])/.test(to) ? to : ARRIVAL;
}

/** Where the browser begins to sign in through an OpenID provider; it comes back to `target` below /app. */
export function oidcStart(target: string): string {
  return `/v1/auth/oidc/start?${new URLSearchParams({ next: `/app${target}` })}`;
}

/** By the codes that the gateway's callback has (gateway, access/oidc_sign_in.py). */
const REASONS: Record<string, string> = {
  forbidden: "Another account here has the e-mail that the provider names. Sign in as that account does, or ask whoever runs this installation.",
  unauthenticated: "The provider did not confirm it, or it took longer than ten minutes. Begin again.",
  not_found: "No provider is set up here. Sign in with e-mail and password.",
  unavailable: "The provider cannot be reached now. Try again in a moment.",
};

/** Why a sign-in through a provider failed, in words; `code` as the gateway puts it into the address. */
export function reasonOf(code: string): string {
  return REASONS[code] ?? `The sign-in did not work (${code.replaceAll("_", " ")}). Try again.`;
}

/** What an issuer is called: its host. */
export function hostOf(issuer: string): string {
  return URL.canParse(issuer) ? new URL(issuer).host : issuer;
}

const KEPT = "burnish.sign-in-target";

/** Keeps where somebody wanted to go while they sign in at a provider: one who is sent back with an error still gets there. */
export function keepTarget(target: string): void {
  try {
    sessionStorage.setItem(KEPT, target);
  } catch {
    // Nothing may be kept here: they land where everybody does.
  }
}

/** What was kept; "": nothing. */
export function keptTarget(): string {
  try {
    return sessionStorage.getItem(KEPT) ?? "";
  } catch {
    return "";
  }
}
