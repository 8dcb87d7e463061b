import { useNavigate } from "@tanstack/react-router";
import { useMay } from "@/api/session";
import { Button, ButtonLink, Menu, TextLink } from "@/kit";

/** Where the erasure of an end user is asked for, with the user_id filled in. */
const askedOf = (user: string) => ({ to: "/settings", search: { tab: "privacy", erase: user } });

/** Beside the end user of a run, for those who may. */
export function EraseLink({ user }: { user: string }) {
  const may = useMay();
  if (!may.admin) return null;
  return (
    <TextLink {...askedOf(user)} className="text-12 whitespace-nowrap">
      Erase this end user…
    </TextLink>
  );
}

/** For a whole session: those of whom there is anything in it. */
export function EraseOfSession({ users }: { users: readonly string[] }) {
  const may = useMay();
  const navigate = useNavigate();
  const [only] = users;
  if (!may.admin || only === undefined) return null;
  if (users.length === 1) return <ButtonLink {...askedOf(only)}>Erase the end user…</ButtonLink>;
  return <Menu label="Erase an end user" trigger={<Button>Erase an end user…</Button>} items={users.map((user) => ({ key: user, label: `Erase ${user}…`, danger: true, onSelect: () => void navigate(askedOf(user) as never) }))} />;
}
