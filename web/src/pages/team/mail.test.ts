import { expect, it } from "vitest";
import { mailTrouble } from "./mail";

it("says in words why a mail has not gone out, and of what nobody foresaw its code", () => {
  expect(["smtp_recipients_refused", "smtp_451"].map(mailTrouble)).toEqual(["the mail server refuses the address", "smtp 451"]);
});
