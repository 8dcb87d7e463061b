import { Eye, PencilLine } from "lucide-react";
import { useAuthors } from "@/api/authors";
import { usePresence } from "@/api/presence";
import { Badge } from "./Badge";

const SHOWN = 3;

/** Who else has this open (`place`: its kind and id, such as `prompts/triage`), and who of them has changes that are not saved. */
export function Here({ place, isEditing = false }: { place: string; isEditing?: boolean }) {
  const others = usePresence(place, isEditing);
  const nameOf = useAuthors();
  const more = others.length - SHOWN;
  return (
    <span role="status" aria-label="Also here" className="flex flex-wrap items-center gap-1.5 empty:absolute">
      {others.slice(0, SHOWN).map((one) => (
        <Badge key={one.user_id} tone={one.editing ? "accent" : "neutral"} icon={one.editing ? <PencilLine size={12} aria-hidden /> : <Eye size={12} aria-hidden />}>
          {`${nameOf(`user:${one.user_id}`)} ${one.editing ? "is editing" : "is here"}`}
        </Badge>
      ))}
      {more > 0 ? <Badge>{`and ${more} more`}</Badge> : null}
    </span>
  );
}
