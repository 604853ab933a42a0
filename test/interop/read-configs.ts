import { text } from 'node:stream/consumers';
import { toBinary } from '@bufbuild/protobuf';
import { modelConfigToJson } from '../../src/config/json.js';
import { parseModelConfig } from '../../src/config/parse.js';
import { printModelConfigText } from '../../src/config/print.js';
import { ModelConfigSchema } from '../../src/generated/model_config_pb.js';

/** Reads texts of config.pbtxt, a JSON list on standard input, and says of each what it means or why it is refused. */
const prefix = 'failed to read text proto from p:';

function read(config: string): Record<string, string> {
  try {
    const parsed = parseModelConfig(config, 'p');
    return {
      binary: Buffer.from(toBinary(ModelConfigSchema, parsed)).toString('base64'),
      json: modelConfigToJson(parsed),
      printed: printModelConfigText(parsed),
    };
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith(prefix)) throw error;
    return { error: error.message.slice(prefix.length) };
  }
}

const texts = JSON.parse(await text(process.stdin)) as string[];
process.stdout.write(JSON.stringify(texts.map(read)));
