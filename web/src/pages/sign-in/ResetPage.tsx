import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { change } from "@/api/hooks";
import { sessionChanged } from "@/api/session";
import { Button, Field, FormError, Input, Notice, TextLink, errorFor, toast } from "@/kit";
import { Door, answered } from "./Door";
import { takeToken } from "./hash-token";

/** Sets a new password by a one-time link; nobody needs to be signed in, and whoever is, is not any more. */
export default function ResetPage() {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [token] = useState(takeToken);
  const [password, setPassword] = useState("");
  const reset = useMutation({
    mutationFn: () => change("post", "/v1/auth/password-reset", { body: { token, new_password: password } }),
    onSuccess: async () => {
      await sessionChanged(queries);
      toast("Your new password is set: sign in with it");
      await navigate({ to: "/sign-in", replace: true });
    },
  });
  if (!token) {
    return (
      <Door title="Set a new password" below={<TextLink to="/sign-in">Sign in</TextLink>}>
        <Notice tone="warn">This link lacks its last part. Open it again as it was given to you, whole.</Notice>
      </Door>
    );
  }
  return (
    <Door title="Set a new password" subtitle="The link works once. Every session of the account ends, on all devices." below={<TextLink to="/sign-in">Sign in</TextLink>}>
      <form onSubmit={answered(() => reset.mutate())} className="flex flex-col gap-4">
        <Field label="New password" hint="10 characters or more." required error={errorFor(reset.error, "new_password")}>
          <Input type="password" autoComplete="new-password" autoFocus value={password} onChange={(event) => setPassword(event.target.value)} />
        </Field>
        <FormError error={reset.error} />
        <Button type="submit" variant="primary" busy={reset.isPending}>
          Set the password
        </Button>
      </form>
    </Door>
  );
}
