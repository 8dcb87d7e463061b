import { useState } from "react";
import { Burnish } from "@burnish/client";
import { BurnishProvider, useFeedback, usePrompt } from "@burnish/client/react";

const client = new Burnish({ baseUrl: "/burnish", apiKey: null }); // your server adds the key, and who asks

export function App() {
  return (
    <BurnishProvider client={client}>
      <Greeting />
    </BurnishProvider>
  );
}

function Greeting() {
  const [name, setName] = useState("");
  const { execute, text, result, loading, error } = usePrompt("greeting");
  return (
    <>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void execute({ name });
        }}
      >
        <label>
          Name <input required maxLength={200} value={name} onChange={(event) => setName(event.target.value)} />
        </label>
        <button disabled={loading}>Greet</button>
      </form>
      <p aria-live="polite">{text}</p>
      {error && <p role="alert">It broke off. Try again.</p>}
      {result && <Thumbs key={result.id} of={result.id} />}
    </>
  );
}

function Thumbs({ of }: { of: string }) {
  const { thumb, react, error } = useFeedback(of);
  const [why, setWhy] = useState("");
  const [isTold, setTold] = useState(false);
  const send = async () => setTold((await react({ thumb: "down", comment: why })) !== null);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <button type="button" aria-pressed={thumb === "up"} onClick={() => react({ thumb: "up" })}>
        👍 Good
      </button>
      <button type="button" aria-pressed={thumb === "down"} onClick={() => react({ thumb: "down" })}>
        👎 Not good
      </button>
      {thumb === "down" && (
        <>
          <label>
            What was wrong? <input maxLength={2000} value={why} onChange={(event) => setWhy(event.target.value)} />
          </label>
          <button>Send</button>
        </>
      )}
      <span role="status">{error ? "That did not arrive. Press again." : isTold ? "Thank you." : ""}</span>
    </form>
  );
}
