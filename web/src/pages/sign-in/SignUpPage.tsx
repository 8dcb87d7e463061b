import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { change } from "@/api/hooks";
import { sessionChanged } from "@/api/session";
import { Button, Field, FormError, Input, TextLink, errorFor } from "@/kit";
import { Door, answered } from "./Door";


/** An account with an organization of its own. Where that is not open, the API says so. */
export default function SignUpPage() {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [given, setGiven] = useState({ email: "", name: "", password: "", organization: "" });
  const signUp = useMutation({
    mutationFn: () => change("post", "/v1/auth/sign-up", { body: { ...given, organization: given.organization || null } }),
    onSuccess: async () => {
      await sessionChanged(queries);
      await navigate({ to: "/start", replace: true });
    },
  });
  const field = (name: keyof typeof given) => ({ name, value: given[name], onChange: (event: { target: { value: string } }) => setGiven({ ...given, [name]: event.target.value }) });
  return (
    <Door title="Make an account" below={<>You have one? <TextLink to="/sign-in">Sign in</TextLink>.</>}>
      <form onSubmit={answered(() => signUp.mutate())} className="flex flex-col gap-4">
        <Field label="E-mail" required error={errorFor(signUp.error, "email")}>
          <Input type="email" autoComplete="username" autoFocus {...field("email")} />
        </Field>
        <Field label="Name" error={errorFor(signUp.error, "name")}>
          <Input autoComplete="name" {...field("name")} />
        </Field>
        <Field label="Organization" hint="Yours if you name none." error={errorFor(signUp.error, "organization")}>
          <Input autoComplete="organization" {...field("organization")} />
        </Field>
        <Field label="Password" required error={errorFor(signUp.error, "password")}>
          <Input type="password" autoComplete="new-password" {...field("password")} />
        </Field>
        <FormError error={signUp.error} />
        <Button type="submit" variant="primary" busy={signUp.isPending}>
          Make an account
        </Button>
      </form>
    </Door>
  );
}
