/** The token of a link stands behind the #, which no server and no log ever sees. Read once: it is taken out of the address at once. */
export function takeToken(): string {
  const token = decodeURIComponent(window.location.hash.slice(1));
  if (token) window.history.replaceState(window.history.state, "", window.location.pathname);
  return token;
}
