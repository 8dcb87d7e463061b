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

const REASONS: Record<string, string> = {
  access_denied: "The provider says that you did not agree, or may not.",
  not_a_member: "You are known there, but are no member here yet: ask an admin for an invitation.",
  sign_up_closed: "You are known there, but are no member here yet: ask an admin for an invitation.",
  forbidden: "You are known there, but are no member here yet: ask an admin for an invitation.",
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
