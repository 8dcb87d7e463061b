/** The token of a link stands behind the #, which no server and no log ever sees. Read once: it is taken out of the address at once. */
export function takeToken(): string {
  const token = decodeURIComponent(window.location.hash.slice(1));
  if (token) window.history.replaceState(window.history.state, "", window.location.pathname);
  return token;
}

const KEPT = "burnish.invitation";

/** Keeps the token of an invitation in this tab while its owner signs in, by a provider or a password: they come back to it. */
export function keepInvitation(token: string): void {
  try {
    sessionStorage.setItem(KEPT, token);
  } catch {
    // Nothing may be kept here: the link is opened again, as the page says.
  }
}

/** Of the link that was opened, else of the one that was kept while its owner signed in; "": there is none. */
export function takeInvitation(): string {
  const token = takeToken();
  try {
    const kept = sessionStorage.getItem(KEPT);
    sessionStorage.removeItem(KEPT);
    return token || kept || "";
  } catch {
    return token;
  }
}
