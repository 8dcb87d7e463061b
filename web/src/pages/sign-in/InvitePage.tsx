import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { change } from "@/api/hooks";
import { sessionChanged, useSessionState } from "@/api/session";
import { Button, Field, FormError, Input, Notice, TextLink, errorFor, toast } from "@/kit";
import { Door, answered } from "./Door";
import { takeToken } from "./hash-token";

/** Joins a workspace: at once for somebody who is signed in, else with a password that makes or proves the account. */
export default function InvitePage() {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const { session } = useSessionState();
  const [token] = useState(takeToken);
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const join = useMutation({
    mutationFn: () => change("post", "/v1/invitations/accept", { body: session ? { token, name: "" } : { token, password, name } }),
    onSuccess: async () => {
      await sessionChanged(queries);
      toast("Welcome: you are a member now");
      await navigate({ to: "/start", replace: true });
    },
  });
  if (!token) {
    return (
      <Door title="You were invited" below={<TextLink to="/prompts">Go to Burnish</TextLink>}>
        <Notice tone="warn">This link lacks its last part. Open it again as it was sent to you, whole.</Notice>
      </Door>
    );
  }
  return (
    <Door
      title="You were invited"
      subtitle={session ? `You join as ${session.user.email}, the address that was invited.` : "Choose a password for the address that was invited; if it has an account here, use that one's."}
      below={session ? null : <>The account signs in elsewhere? <TextLink to="/sign-in">Sign in</TextLink> first, then open the link again.</>}
    >
      <form onSubmit={answered(() => join.mutate())} className="flex flex-col gap-4">
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
    </Door>
  );
}
