const TROUBLES: Record<string, string> = {
  connect_failed: "the server cannot be reached",
  not_sent: "it could not be made here (the log of the webhooks service says why)",
  smtp_login_refused: "the mail server refuses the sign-in",
  smtp_not_configured: "the webhooks service knows no mail server",
  smtp_recipients_refused: "the mail server refuses the address",
  smtp_without_smtputf8: "the mail server takes ASCII addresses alone",
  smtp_without_tls: "the mail server offers no TLS",
  timeout: "the server did not answer in time",
  tls_failed: "no TLS with the server",
};

/** Why a mail has not gone out, in words; of another code (`smtp_451`) the code. */
export function mailTrouble(code: string): string {
  return TROUBLES[code] ?? code.replaceAll("_", " ");
}
