// Vercel's AI SDK: two tools in parallel, then a structured answer. https://ai-sdk.dev/providers
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

// The packages are not beside this file but where the script has installed them.
const require = createRequire(join(process.env.GATEWAY_PACKAGES, "package.json"));
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const { generateText, streamText, stepCountIs, Output, tool } = await load("ai");
const { z } = await load("zod");

const { GATEWAY_URL: url, GATEWAY_KEY: apiKey, GATEWAY_DOOR: door } = process.env;
const make = {
  chat: async () => (await load("@ai-sdk/openai-compatible")).createOpenAICompatible(
    { name: "openclaw", baseURL: `${url}/v1`, apiKey, includeUsage: true, supportsStructuredOutputs: true }),
  responses: async () => (await load("@ai-sdk/openai")).createOpenAI({ baseURL: `${url}/v1`, apiKey }),
  messages: async () => (await load("@ai-sdk/anthropic")).createAnthropic({ baseURL: `${url}/v1`, apiKey }),
  gemini: async () => (await load("@ai-sdk/google")).createGoogleGenerativeAI({ baseURL: `${url}/v1beta`, apiKey }),
};
const provider = await make[door]();
const Report = z.object({ city: z.string(), celsius: z.number(), time: z.string() });

for (const stream of [false, true]) {
  const called = [];
  const ask = (name, answer) => tool({
    description: `The ${name} in a city`,
    inputSchema: z.object({ city: z.string() }),
    execute: async ({ city }) => { called.push(`${name} ${city}`); return answer; },
  });
  const task = {
    model: provider(process.env.GATEWAY_MODEL.replace("{output}", "schema")),
    prompt: "How is Oslo?",
    tools: { weather: ask("weather", 7), clock: ask("clock", "12:30") },
    output: Output.object({ schema: Report }),
    stopWhen: stepCountIs(5),
  };
  let result;
  if (stream) {
    result = streamText({ ...task, onError: ({ error }) => { throw error; } });
    for await (const _ of result.fullStream);
  } else {
    result = await generateText(task);
  }
  const [report, usage] = [await result.output, (await result.totalUsage) ?? (await result.usage)];
  const told = { output: "schema", stream, report, called: called.sort(), input_tokens: usage.inputTokens };
  console.log(JSON.stringify(told));
}
