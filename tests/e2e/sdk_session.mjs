// What a program does with the TypeScript SDK, one step per run: `node sdk_session.mjs STEP URL`.
// It prints what it saw as one JSON object.

import Anthropic from "./clients/node_modules/@anthropic-ai/sdk/index.mjs";
import { betaTool } from "./clients/node_modules/@anthropic-ai/sdk/helpers/beta/json-schema.mjs";
import { jsonSchemaOutputFormat } from "./clients/node_modules/@anthropic-ai/sdk/helpers/json-schema.mjs";

const [, , step, url] = process.argv;
const client = new Anthropic({ baseURL: url, apiKey: "dummy", maxRetries: 0 });
const asked = { model: "claude-x", max_tokens: 100, messages: [{ role: "user", content: "hello" }] };
const city = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const weather = { name: "weather", description: "the weather in a city", input_schema: city };

const steps = {
  async create() {
    return await client.messages.create({ ...asked, system: "be brief" });
  },

  async stream() {
    const events = client.messages.stream(asked);
    const pieces = [];
    events.on("text", (text) => pieces.push(text));
    return { pieces, final: await events.finalMessage() };
  },

  async accumulate() {
    const thinking = { type: "enabled", budget_tokens: 10_000 };
    return await client.messages.stream({ ...asked, max_tokens: 20_000, tools: [weather], thinking }).finalMessage();
  },

  async tools() {
    const first = await client.messages.create({ ...asked, tools: [weather] });
    const content = first.content
      .filter((block) => block.type === "tool_use")
      .map((block) => ({ type: "tool_result", tool_use_id: block.id, content: "sunny" }));
    const messages = [...asked.messages, { role: "assistant", content: first.content }, { role: "user", content }];
    return { asked: first, final: await client.messages.create({ ...asked, messages, tools: [weather] }) };
  },

  async runner() {
    const ran = [];
    const run = ({ city }) => (ran.push(city), "sunny");
    const tool = betaTool({ name: "weather", description: "the weather", inputSchema: city, run });
    return { ran, final: await client.beta.messages.toolRunner({ ...asked, tools: [tool] }) };
  },

  async parse() {
    const schema = {
      type: "object", properties: { answer: { type: "integer" } }, required: ["answer"], additionalProperties: false,
    };
    const form = { ...asked, output_config: { format: jsonSchemaOutputFormat(schema) } };
    const answers = [await client.messages.parse(form), await client.messages.stream(form).finalMessage()];
    return answers.map((message) => message.parsed_output);
  },

  async beta() {
    const created = await client.beta.messages.create({ ...asked, betas: ["no-such-beta"] });
    const streamed = await client.beta.messages.stream(asked).finalMessage();
    const counted = await client.beta.messages.countTokens({ model: "claude-x", messages: asked.messages });
    const ids = [];
    for await (const model of client.beta.models.list()) ids.push(model.id);
    const retrieved = await Promise.all(ids.map(async (id) => (await client.beta.models.retrieve(id)).id));
    return { messages: [created, streamed], counted: counted.input_tokens, listed: ids, retrieved };
  },

  async count() {
    return await client.messages.countTokens({ model: "claude-x", messages: asked.messages });
  },

  async models() {
    const ids = [];
    for await (const model of client.models.list()) ids.push(model.id);
    return [ids, await Promise.all(ids.map(async (id) => (await client.models.retrieve(id)).id))];
  },

  async failure() {
    try {
      await client.messages.stream(asked).finalMessage();
    } catch (error) {
      return { class: error.constructor.name, status: error.status ?? null, message: error.message };
    }
  },
};

console.log(JSON.stringify(await steps[step]()));
