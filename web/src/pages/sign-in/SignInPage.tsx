import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Navigate, useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { change } from "@/api/hooks";
import { sessionChanged, useSessionState } from "@/api/session";
import { Button, Field, FormError, Input } from "@/kit";
import { text, useUrlState } from "@/lib/url-state";

const shape = { to: text() };

export default function SignInPage() {
  const [{ to }] = useUrlState(shape);
  const { session } = useSessionState();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  // Only a path of this page: an address of elsewhere in `to` is not followed.
  const target = /^\/(?![/\\])/.test(to) ? to : "/prompts";
  const signIn = useMutation({
    mutationFn: () => change("post", "/v1/auth/sign-in", { body: { email, password } }),
    onSuccess: async () => {
      await sessionChanged(queries);
      await navigate({ href: target, replace: true });
    },
  });
  if (session && !signIn.isPending) return <Navigate to={target} replace />;
  const send = (event: FormEvent) => {
    event.preventDefault();
    signIn.mutate();
  };
  return (
    <main className="mx-auto flex w-full max-w-sm flex-col gap-6 px-4 pt-[14dvh]">
      <h1 className="text-26 font-semibold tracking-tight">Sign in to Burnish</h1>
      <form onSubmit={send} className="flex flex-col gap-4">
        <Field label="E-mail" required>
          <Input type="email" autoComplete="username" autoFocus value={email} onChange={(event) => setEmail(event.target.value)} />
        </Field>
        <Field label="Password" required>
          <Input type="password" autoComplete="current-password" value={password} onChange={(event) => setPassword(event.target.value)} />
        </Field>
        <FormError error={signIn.error} />
        <Button type="submit" variant="primary" busy={signIn.isPending}>
          Sign in
        </Button>
      </form>
    </main>
  );
}
