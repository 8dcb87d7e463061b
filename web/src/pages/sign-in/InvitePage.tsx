import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { ApiError } from "@/api/errors";
import { type Answer, change, useRead } from "@/api/hooks";
import { sessionChanged, useSessionState } from "@/api/session";
import { Button, Field, FormError, Input, Loaded, Notice, SkeletonText, TextLink, errorFor, toast } from "@/kit";
import { Door, answered } from "./Door";
import { keepInvitation, takeInvitation } from "./hash-token";
import { Providers } from "./Providers";

type Inviting = Answer<"/v1/invitations/show", "post">;

/** What an invitation is about, and joining: at once for somebody who is signed in, else with a password that makes or proves the account. */
export default function InvitePage() {
  const { session } = useSessionState();
  const [token] = useState(takeInvitation);
  // Taken, it is open no more: it is not asked for again while the session begins.
  const [taken, setTaken] = useState<Inviting>();
  const asked = useQuery<Inviting, ApiError>({
    queryKey: ["invitation", token],
    queryFn: () => change("post", "/v1/invitations/show", { body: { token } }),
    enabled: token !== "" && taken === undefined,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const found = taken ? { ...asked, data: taken } : asked;
  if (!token) return <Over>This link lacks its last part. Open it again as it was sent to you, whole.</Over>;
  if (found.data === undefined && found.error?.status === 404)
    return (
      <Over>
        This link leads to no open invitation: it was used, taken back, replaced by a newer one, or is over, or whoever made it may not
        invite any more. Ask for a new one.
      </Over>
    );
  return (
    <Door
      title="You were invited"
      subtitle={found.data ? <About invitation={found.data} /> : null}
      below={session ? null : <>You have an account? <TextLink to="/sign-in" search={{ to: "/invite" }} onClick={() => keepInvitation(token)}>Sign in</TextLink> first; you come back here.</>}
    >
      <Loaded of={found} skeleton={<SkeletonText lines={6} />}>
        {(invitation) => <Join token={token} invitation={invitation} onJoined={() => setTaken(invitation)} />}
      </Loaded>
    </Door>
  );
}

function Over({ children }: { children: ReactNode }) {
  return (
    <Door title="You were invited" below={<TextLink to="/prompts">Go to Burnish</TextLink>}>
      <Notice tone="warn">{children}</Notice>
    </Door>
  );
}

const AS = { viewer: "a viewer", editor: "an editor", admin: "an admin" } as const;

/** Who invites, where, and as what. */
function About({ invitation }: { invitation: Inviting }) {
  const { invited_by_name: name, invited_by_email: email, workspace_name: workspace, organization_name: organization, role } = invitation;
  const who = name && email ? `${name} (${email})` : (name ?? email);
  return (
    <span className="wrap-anywhere">
      {who ? `${who} invites you` : "You are invited"} to the workspace <strong className="font-semibold text-fg">{workspace}</strong>
      {organization === workspace ? "" : ` of ${organization}`}, as {AS[role]}.
    </span>
  );
}

function Join({ token, invitation, onJoined }: { token: string; invitation: Inviting; onJoined: () => void }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const { session } = useSessionState();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const ways = useRead("/v1/auth/ways", undefined, { staleTime: 600_000, enabled: !session });
  const join = useMutation({
    mutationFn: () => change("post", "/v1/invitations/accept", { body: session ? { token, name: "" } : { token, password, name } }),
    onSuccess: async () => {
      onJoined();
      await sessionChanged(queries);
      toast(`Welcome: you are a member of ${invitation.workspace_name} now`);
      await navigate({ to: "/start", replace: true });
    },
  });
  const email = <strong className="font-semibold text-fg wrap-anywhere">{invitation.email}</strong>;
  if (session && session.user.email !== null && session.user.email !== invitation.email)
    return (
      <Notice tone="warn">
        It is for {email}, and you are signed in as {session.user.email}. Sign out, then open the link again.
      </Notice>
    );
  const providers = ways.data?.oidc ?? [];
  const ofProviders = session ? null : <Providers names={providers} target="/invite" onLeave={() => keepInvitation(token)} />;
  if (!session && ways.data?.password === false)
    return (
      <div className="flex flex-col gap-4">
        <p className="text-14 text-muted">Sign in as {email} first; you come back here to join.</p>
        {ofProviders}
      </div>
    );
  return (
    <form onSubmit={answered(() => join.mutate())} className="flex flex-col gap-4">
      {ofProviders}
      <p className="text-14 text-muted">
        {session ? (
          <>You join as {email}, the address that was invited.</>
        ) : providers.length > 0 ? (
          <>Or choose a password for {email}, if you do not sign in as above: an account with a password is another one.</>
        ) : (
          <>Choose a password for {email}. If it has an account here, sign in first.</>
        )}
      </p>
      {session ? null : (
        <>
          <Field label="Name" error={errorFor(join.error, "name")}>
            <Input autoComplete="name" autoFocus value={name} onChange={(event) => setName(event.target.value)} />
          </Field>
          <Field label="Password" required error={errorFor(join.error, "password")}>
            <Input type="password" autoComplete="new-password" value={password} onChange={(event) => setPassword(event.target.value)} />
          </Field>
        </>
      )}
      <FormError error={join.error} />
      <Button type="submit" variant="primary" busy={join.isPending}>
        Join
      </Button>
    </form>
  );
}
