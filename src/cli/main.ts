#!/usr/bin/env -S node --v8-pool-size=0
import { Command, CommanderError, Option } from 'commander';
import { nearest } from '../config/nearest.js';
import { addCheck } from './check.js';
import { addConfig } from './config.js';
import type { Flag } from './flag.js';
import { flags } from './flags.js';
import { describeFlag, flagsBeside, formatFlag } from './help.js';
import { toServeOptions } from './options.js';
import { askHealth, askHttpHealth } from './health.js';
import { Interruption } from './interruption.js';
import { addFlags, checkFlagNames, configFlagNames } from './model-flags.js';
import { serve } from './serve.js';
import { UsageError } from './usage-error.js';
import { packageVersion } from './version.js';

// ONNX Runtime reports to its maker's servers unless it is told not to before it is loaded; who wants that says 0.
process.env['ORT_DISABLE_TELEMETRY'] ??= '1';

const healthTimeoutMs = 5000;
/** As shells say that a signal ended a command. */
const interruptedCode = 130;

/** Reads the command line; the result is the process's exit code once the command has ended. */
async function main(args: readonly string[]): Promise<number> {
  const given = new Map<string, string[]>();
  let exitCode = 0;
  const end = (code: number): void => {
    exitCode = code;
  };
  const program = new Command('nereid')
    .description('An inference server that speaks Triton.')
    .version(packageVersion())
    // Else `nereid config --version` would mean the program's.
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  program.addHelpText('after', '\nnereid serve --help lists the flags of the server.');
  const command = program
    .command('serve', { isDefault: true })
    .summary('Serve the models of a repository')
    .description('Serve the models of a repository, with the flags of tritonserver.')
    .usage('--model-repository=<folder> [flags]')
    .addHelpOption(new Option('-h, --help', 'Show this help').helpGroup('Server:'))
    .addHelpText('after', flagsBeside)
    .configureHelp({ formatItem: formatFlag })
    .allowExcessArguments()
    .action(async () => {
      const [stray] = command.args;
      if (stray !== undefined) throw new UsageError(`Unexpected argument: ${stray}`);
      exitCode = await serve(toServeOptions(given));
    });
  program
    .command('health')
    .description('Ask a running server for its health; the exit code is 0 when it is ready.')
    .option('--address <host:port>', 'where the server listens: localhost:8001, or 8000 with --http')
    .option('--tls', 'connect by TLS, without checking the certificate', false)
    .option('--http', 'ask by HTTP, where gRPC is not served', false)
    .action(async ({ http, tls, address = defaultAddress(http) }: HealthFlags) => {
      if (http && tls) throw new UsageError('--tls is for gRPC: HTTP is served without it');
      const question = { address, tls, timeoutMs: healthTimeoutMs };
      const health = await (http ? askHttpHealth(question) : askHealth(question));
      const reason = health.kind === 'unreachable' ? `: ${health.reason}` : '';
      process.stdout.write(`${address} is ${health.kind}${reason}\n`);
      exitCode = health.kind === 'serving' ? 0 : 1;
    });
  const toGiven = (flag: Flag): Option => toOption(flag, given);
  for (const flag of flags) command.addOption(toGiven(flag));
  addFlags(addCheck(program, given, end), checkFlagNames, toGiven);
  addFlags(addConfig(program, given, end), configFlagNames, toGiven);
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    const named = program.commands.find((one) => one.name() === args[0]) ?? command;
    return reportFailure(error, named);
  }
  return exitCode;
}

interface HealthFlags {
  readonly address?: string;
  readonly tls: boolean;
  readonly http: boolean;
}

function defaultAddress(http: boolean): string {
  return http ? 'localhost:8000' : 'localhost:8001';
}

function toOption(flag: Flag, given: Map<string, string[]>): Option {
  const value = flag.kind === 'switch' ? '' : ` <${flag.kind === 'list' ? 'text' : flag.kind}>`;
  const option = new Option(`--${flag.name}${value}`, describeFlag(flag));
  option.helpGroup(`${flag.group}:`);
  if (flag.status.kind !== 'works') option.hideHelp();
  // A switch that was given calls no parser; its presence is read from the text itself.
  option.argParser((text: string) => {
    given.set(flag.name, [...(given.get(flag.name) ?? []), text]);
    return text;
  });
  return option;
}

/** Says what was wrong on standard error; help and version are no failures. */
function reportFailure(error: unknown, command: Command): number {
  const name = command.name();
  // As tritonserver's; the others tell a wrong command line from a model that is wrong.
  const usageCode = ['check', 'config'].includes(name) ? 2 : 1;
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  if (error instanceof CommanderError || error instanceof UsageError) {
    const message = error instanceof UsageError ? error.message : describeUsage(error, command);
    const help = name === 'health' ? 'serve' : name;
    process.stderr.write(`${message}\n\nnereid ${help} --help lists all flags\n`);
    return usageCode;
  }
  if (error instanceof Interruption) {
    process.stderr.write(`${error.message}\n`);
    return interruptedCode;
  }
  process.stderr.write(`error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return 1;
}

/** Triton's words for a flag that it does not know, and what was probably meant. */
function describeUsage(error: CommanderError, command: Command): string {
  const [, name] = /unknown option '([^'=]+)/.exec(error.message) ?? [];
  if (name === undefined) return error.message;
  const known = command.options.flatMap(({ long }) => long?.slice(2) ?? []);
  const meant = nearest(name.replace(/^-+/, ''), known);
  return `Bad option: "${name}".${meant === undefined ? '' : ` Did you mean "--${meant}"?`}`;
}

const exitCode = await main(process.argv.slice(2));
// Lines that are still being written leave first; nothing else may keep the process.
process.stdout.write('', () => process.stderr.write('', () => process.exit(exitCode)));
