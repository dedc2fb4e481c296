// `node accumulating.mjs SDK URL COUNT`: what the TypeScript SDK makes of the streams `URL/0` to COUNT.
// Prints one JSON object: for each stream its message, or the name of what was thrown.
const [sdk, url, count] = process.argv.slice(2);
const { default: Anthropic } = await import(sdk);

async function accumulate(baseURL) {
  const client = new Anthropic({ baseURL, apiKey: "k", maxRetries: 0 });
  const asked = { model: "m", max_tokens: 9, messages: [{ role: "user", content: "x" }] };
  try {
    return { message: await client.messages.stream(asked).finalMessage() };
  } catch (error) {
    return { error: error.constructor.name };
  }
}

const saw = [];
for (let number = 0; number < Number(count); number++) saw.push(await accumulate(`${url}/${number}`));
console.log(JSON.stringify({ version: "", saw }));
