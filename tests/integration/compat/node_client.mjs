// What an application in Node does with the unmodified npm package: node node_client.mjs BASE_URL KEY, one JSON object on standard output.
import OpenAI from "openai";

const [baseURL, apiKey] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const messages = [{ role: "user", content: "Say hello to Ada." }];

const answer = await client.chat.completions.create({ model: "simulated/chat", messages });
const several = await client.chat.completions.create({ model: "simulated/chat", messages, n: 2 });
let streamed = "", usage = null;
for await (const chunk of await client.chat.completions.create({ model: "simulated/chat", messages, stream: true, stream_options: { include_usage: true } })) {
  streamed += chunk.choices[0]?.delta?.content ?? "";
  usage = chunk.usage ?? usage;
}
const json = await client.chat.completions.create({ model: "simulated/chat", messages, response_format: { type: "json_object" } });
const vectors = await client.embeddings.create({ model: "simulated/embed", input: ["one", "two"] });
const response = await client.responses.create({ model: "simulated/chat", input: "Say hello to Ada." });
const models = [];
for await (const model of client.models.list()) models.push(model.id);
let refused = null;
try {
  await client.chat.completions.create({ model: "absent", messages });
} catch (error) {
  refused = { name: error.constructor.name, status: error.status, code: error.code };
}
const changed = await client.chat.completions.update(answer.id, { metadata: { trip: "8" } });
const deleted = await client.chat.completions.delete(answer.id);
const gone = [];
await client.responses.delete(response.id);
for (const again of [() => client.responses.retrieve(response.id), () => client.responses.delete(response.id), () => client.chat.completions.retrieve(answer.id)]) {
  gone.push(await again().then(() => 200, (error) => error.status));
}
console.log(JSON.stringify({
  answer: answer.choices[0].message.content, cost: answer.usage.cost_nusd, streamed, streamedCost: usage.cost_nusd,
  several: several.choices.length, json: JSON.parse(json.choices[0].message.content) !== null,
  vectors: vectors.data.map((one) => one.embedding.length), response: response.output_text, models, refused,
  changed: changed.metadata, deleted: deleted.object, gone,
}));
