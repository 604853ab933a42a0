import type { ModelConfig, ModelRepositoryAgents_Agent } from '../generated/model_config_pb.js';
import { staysInside } from './inside.js';
import { at, invalid, unsupported, type Problem } from './problem.js';

/** A file of a model's folder, and the digest that its content must have. */
export interface Checksum {
  readonly file: string;
  readonly md5: string;
}

/** The one agent that comes with Triton; others are libraries, which this server does not load. */
const checksumAgent = 'checksum';

/** What a checked config asks of the agent `checksum`. */
export function toChecksums({ modelRepositoryAgents }: ModelConfig): Checksum[] {
  return (modelRepositoryAgents?.agents ?? []).flatMap(({ parameters }) =>
    Object.entries(parameters).map(([key, md5]) => ({ file: splitKey(key).file, md5 })),
  );
}

/** `MD5:<file>`. */
function splitKey(key: string): { algorithm: string; file: string } {
  const colon = key.indexOf(':');
  return { algorithm: key.slice(0, Math.max(colon, 0)), file: key.slice(colon + 1) };
}

/** Which agents there are, and what they may be told. */
export function* checkAgents({ name, modelRepositoryAgents }: ModelConfig): Generator<Problem> {
  for (const [index, agent] of (modelRepositoryAgents?.agents ?? []).entries()) {
    for (const problem of checkAgent(agent, name)) {
      yield at(`model_repository_agents.agents[${index}]`, problem);
    }
  }
}

function* checkAgent(agent: ModelRepositoryAgents_Agent, name: string): Generator<Problem> {
  if (agent.name !== checksumAgent) {
    yield invalid(
      `unable to find 'libtritonrepoagent_${agent.name}.so' for repo agent '${agent.name}' for model '${name}'`,
      `the only repository agent of this server is '${checksumAgent}': remove this one, if the model works without`,
    );
    return;
  }
  for (const key of Object.keys(agent.parameters)) yield* checkKey(key, name);
}

function* checkKey(key: string, model: string): Generator<Problem> {
  const { algorithm, file } = splitKey(key);
  const remedy = `write keys like "MD5:1/model.onnx" for agent '${checksumAgent}' of model '${model}'`;
  if (!key.includes(':')) yield invalid(`failed to parse key: ${key}`, remedy);
  else if (algorithm.toLowerCase() !== 'md5') {
    yield unsupported(`Unsupported checksum algorithm: ${algorithm}`, remedy);
  } else if (!staysInside(file)) {
    yield invalid(
      `file '${file}' of agent '${checksumAgent}' is outside of the folder of '${model}'`,
      remedy,
    );
  }
}
