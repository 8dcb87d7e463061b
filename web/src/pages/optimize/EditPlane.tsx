import { Scatter, type ScatterDot } from "@/chart/Scatter";
import { compact, points } from "@/lib/format";

/** Each edit by its effect and by how much longer it makes the text. */
export default function EditPlane({ dots }: { dots: readonly ScatterDot[] }) {
  return <Scatter title="Effect and length" unit="points on train, and characters that it adds to every call" dots={dots} xLabel="characters added" yLabel="effect" formatX={(value) => compact(value)} formatY={(value) => points(value, 0)} names={{ chosen: "chosen", plain: "others that were tried" }} />;
}
