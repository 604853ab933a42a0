import type { Command } from 'commander';
import { checkRepositories, isClean } from '../repository/check-repositories.js';
import { formatReportJson } from './check-json.js';
import { formatReport } from './check-text.js';
import type { GivenFlags } from './flag-reader.js';
import { readModelFlags } from './model-flags.js';
import { UsageError } from './usage-error.js';

/** Adds `nereid check`; `end` is told the exit code. */
export function addCheck(program: Command, given: GivenFlags, end: (exitCode: number) => void): Command {
  return program
    .command('check')
    .summary('Test the models of repositories without serving them')
    .description(
      'Test every model of a repository as the server would load it, and run it once: on its own samples of model_warmup, else on made-up input. ' +
        'The exit code is 0 when nothing is wrong, 1 when something is, 2 for a wrong command line.',
    )
    .usage('<repository>... [flags]')
    .argument('[repository...]', 'folders or URLs (file://, s3://, gs://, as://)')
    .option('--json', 'print one JSON document instead of a table', false)
    .action(async (places: string[], { json }: { json: boolean }) => {
      if (places.length === 0) {
        throw new UsageError('a repository must be named, e.g. nereid check model_repository');
      }
      const report = await checkRepositories(places, readModelFlags(given));
      process.stdout.write(json ? formatReportJson(report) : formatReport(report));
      end(isClean(report) ? 0 : 1);
    });
}
