import type { Command } from 'commander';
import { modelConfigToJson } from '../config/json.js';
import { printModelConfigText } from '../config/print.js';
import { readCompletedConfig } from '../repository/completed-config.js';
import { formatFinding } from './check-text.js';
import type { GivenFlags } from './flag-reader.js';
import { readModelFlags } from './model-flags.js';
import { UsageError } from './usage-error.js';

/** Adds `nereid config`; `end` is told the exit code. */
export function addConfig(program: Command, given: GivenFlags, end: (exitCode: number) => void): Command {
  return program
    .command('config')
    .summary('Print the completed config of a model')
    .description(
      'Print the config of a model as the server would use it: what config.pbtxt leaves out is read from the model. ' +
        'It can be saved as config.pbtxt. The exit code is 1, with the reasons on standard error, when something is wrong with it, 2 for a wrong command line.',
    )
    .usage('<model folder> [flags]')
    .argument('[model]', 'the folder or URL of one model, as in model_repository/simple')
    .option('--json', "print Triton's JSON, as ModelConfig answers it", false)
    .option('--version <number>', 'the version whose model is asked (default: the highest that would serve)')
    .action(async (place: string | undefined, options: { json: boolean; version?: string }) => {
      if (place === undefined) {
        throw new UsageError('a model must be named, e.g. nereid config model_repository/simple');
      }
      const version = readVersion(options.version);
      const outcome = await readCompletedConfig(place, { ...readModelFlags(given), version });
      if (outcome.kind === 'wrong') {
        const lines = outcome.findings.map((one) => `${formatFinding(one)}\n`);
        process.stderr.write(`${place}\n${lines.join('')}`);
        end(1);
        return;
      }
      const { config } = outcome;
      process.stdout.write(options.json ? `${modelConfigToJson(config)}\n` : printModelConfigText(config));
      end(0);
    });
}

function readVersion(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const version = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(version)) return version;
  throw new UsageError(`--version is '${text}', expected the number of a version`);
}
