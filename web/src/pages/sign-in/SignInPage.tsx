import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Navigate, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { change, useRead } from "@/api/hooks";
import { sessionChanged, useSessionState } from "@/api/session";
import { Button, CodeBlock, Field, FormError, Input, Notice, TextLink } from "@/kit";
import { text, useUrlState } from "@/lib/url-state";
import { Door, answered } from "./Door";
import { Providers } from "./Providers";
import { keepTarget, keptTarget, reasonOf, targetOf } from "./target";

const shape = { to: text(), error: text(), request_id: text() };
/** Ours, or one that a proxy gave: what else stands in a link is somebody's own text, and is not shown as ours. */
const REQUEST_ID = /^(?:(?:req_)?[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/iu;

export default function SignInPage() {
  const [{ to, error, request_id: requestId }] = useUrlState(shape);
  const { session } = useSessionState();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const ways = useRead("/v1/auth/ways", undefined, { staleTime: 600_000 });
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  // Whoever comes back from a provider with an error still wants to go where they wanted to.
  const target = targetOf(to || (error ? keptTarget() : ""));
  const signIn = useMutation({
    mutationFn: () => change("post", "/v1/auth/sign-in", { body: { email, password } }),
    onSuccess: async () => {
      await sessionChanged(queries);
      await navigate({ href: target, replace: true });
    },
  });
  if (session && !signIn.isPending) return <Navigate to={target} replace />;
  return (
    <Door title="Sign in to Burnish" below={ways.data?.sign_up === "open" ? <>New here? <TextLink to="/sign-up" search={to ? { to } : undefined}>Make an account</TextLink>.</> : null}>
      {error ? (
        <Notice tone="bad">
          {reasonOf(error)}
          {REQUEST_ID.test(requestId) ? <span className="block text-12 wrap-anywhere text-muted">Request {requestId}</span> : null}
        </Notice>
      ) : null}
      <Providers names={ways.data?.oidc ?? []} target={target} onLeave={() => keepTarget(target)} />
      {ways.data?.password === false ? null : (
        <form onSubmit={answered(() => signIn.mutate())} className="flex flex-col gap-4">
          <Field label="E-mail" required>
            <Input type="email" name="email" autoComplete="username" autoFocus value={email} onChange={(event) => setEmail(event.target.value)} />
          </Field>
          <Field label="Password" required>
            <Input type="password" name="password" autoComplete="current-password" value={password} onChange={(event) => setPassword(event.target.value)} />
          </Field>
          <FormError error={signIn.error} />
          <Button type="submit" variant="primary" busy={signIn.isPending}>
            Sign in
          </Button>
          <Forgot email={email} />
        </form>
      )}
    </Door>
  );
}

/** Nobody gets a link by asking for it here: an admin of the workspace makes one, or whoever runs the installation. */
function Forgot({ email }: { email: string }) {
  return (
    <details className="text-13 text-muted">
      <summary className="w-fit cursor-pointer rounded-s hover:text-fg">Forgot your password?</summary>
      <div className="mt-2 flex flex-col gap-2">
        <p>Ask an admin of your workspace: under Team › Members they make a link by which you set a new one. Whoever runs this Burnish makes it at its command line:</p>
        <CodeBlock wrap label="Command" code={`burnish users reset-link --email ${/^[^\s'"`$\\;&|<>()]+@[^\s'"`$\\;&|<>()]+$/.test(email) ? email : "you@example.com"}`} />
        <p>All your sessions end when you use it.</p>
      </div>
    </details>
  );
}
