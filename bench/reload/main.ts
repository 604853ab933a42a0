import { parseArgs } from 'node:util';
import { formatTable } from '../../src/loadtest/report.js';
import { verdictCells, verdictHeads } from '../judge.js';
import { list, positive } from '../options.js';
import { progress } from '../progress.js';
import { publish } from '../results.js';
import { judgeNeighbour, measureNeighbour } from './neighbour.js';
import { judgeSwaps, measureSwaps } from './swap.js';
import { stretchTable, timesTable } from './tables.js';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'swap,neighbour' },
    reloads: { type: 'string', default: '100' },
    concurrency: { type: 'string', default: '32' },
    seconds: { type: 'string', default: '3' },
    size: { type: 'string', default: '500' },
    loads: { type: 'string', default: '5' },
    rate: { type: 'string', default: '500' },
    connections: { type: 'string', default: '8' },
    server: { type: 'string', default: '' },
    name: { type: 'string', default: 'reload' },
  },
});
const options = {
  reloads: positive('reloads', values.reloads),
  concurrency: positive('concurrency', values.concurrency),
  seconds: positive('seconds', values.seconds),
  megabytes: positive('size', values.size),
  loads: positive('loads', values.loads),
  perSecond: positive('rate', values.rate),
  connections: positive('connections', values.connections),
  serverFlags: list(values.server),
};
const only = list(values.only);

const swap = only.includes('swap') ? await measureSwaps(options) : undefined;
const neighbour = only.includes('neighbour') ? await measureNeighbour(options) : undefined;
progress('');

const [closed, open] = [`c=${options.concurrency}`, `${options.perSecond}/s`];
const verdicts = [
  ...(swap === undefined ? [] : judgeSwaps(swap, closed)),
  ...(neighbour === undefined ? [] : judgeNeighbour(neighbour, open)),
];
const tables = [
  ...(swap === undefined
    ? []
    : [
        `swap: tiny_mlp at ${closed} while it is loaded anew`,
        stretchTable(swap.records, swap.marks),
        timesTable({ 'a reload': swap.reloadMs, 'a change of instance groups': swap.regroupMs }),
      ]),
  ...(neighbour === undefined
    ? []
    : [
        `neighbour: tiny_mlp at ${open} while a model of ${options.megabytes} MB is loaded and unloaded`,
        stretchTable(neighbour.records),
        timesTable({
          'a load': neighbour.loadMs,
          'a load of what comes with the call': neighbour.pushMs,
          'an unload': neighbour.unloadMs,
        }),
      ]),
  formatTable(verdictHeads, verdicts.map(verdictCells)),
];
await publish(values.name, { options, swap, neighbour, verdicts }, tables.join('\n\n'));
