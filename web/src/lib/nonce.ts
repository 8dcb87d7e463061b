/** The nonce of this page's policy, which everything that makes a style element at run time must carry. "" in development. */
export function nonce(): string {
  return document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? "";
}
