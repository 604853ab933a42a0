import { routeNames, type RouteName, type Target } from './exchange.js';

const nothing = { model: '', version: '', repository: '', region: '' };

const modelPath =
  /^\/v2\/models\/([^/]+)(?:\/versions\/([0-9]+))?(?:\/(infer|generate|generate_stream|ready|config|stats|trace\/setting))?$/;
const repositoryPath = /^\/v2\/repository(?:\/([^/]+))?\/(?:(index)|models\/([^/]+)\/(load|unload))$/;
const regionPath =
  /^\/v2\/(systemsharedmemory|cudasharedmemory)(?:\/region\/([^/]+))?\/(status|register|unregister)$/;

/** Paths that name nothing but themselves. */
const fixedPaths: Readonly<Record<string, RouteName>> = {
  '/v2': 'server',
  '/v2/health/live': 'health/live',
  '/v2/health/ready': 'health/ready',
  '/v2/trace/setting': 'trace/setting',
  '/v2/logging': 'logging',
  '/v2/models/stats': 'model/stats',
};

/**
 * What a request's path names, by Triton's expressions: the whole path counts, nothing in it is decoded, and what
 * follows a question mark is no part of it.
 */
export function findTarget(url: string): Target | undefined {
  const query = url.indexOf('?');
  const path = query === -1 ? url : url.slice(0, query);
  return modelTarget(path) ?? otherTarget(path);
}

/** So many paths are remembered, none of them longer than this. */
const rememberedMax = 1024;
const rememberedLengthMax = 256;

/** Remembers what paths named: clients ask for the same few again and again. */
export class Targets {
  readonly #found = new Map<string, Target>();

  find(url: string): Target | undefined {
    const known = this.#found.get(url);
    if (known !== undefined) return known;
    const target = findTarget(url);
    if (target === undefined || url.length > rememberedLengthMax) return target;
    if (this.#found.size === rememberedMax) this.#found.clear();
    this.#found.set(url, target);
    return target;
  }
}

function modelTarget(path: string): Target | undefined {
  const [, model = '', version = '', action = ''] = modelPath.exec(path) ?? [];
  if (model === '' || fixedPaths[path] !== undefined) return undefined;
  // A setting of traces holds for all versions of a model.
  if (action === 'trace/setting' && version !== '') return undefined;
  return { ...nothing, route: asRoute(action === '' ? 'model' : `model/${action}`), model, version };
}

function otherTarget(path: string): Target | undefined {
  const fixed = Object.hasOwn(fixedPaths, path) ? fixedPaths[path] : undefined;
  if (fixed !== undefined) return { ...nothing, route: fixed };
  const inRepository = repositoryPath.exec(path);
  if (inRepository !== null) {
    const [, repository = '', index, model = '', verb = ''] = inRepository;
    return { ...nothing, route: asRoute(`repository/${index ?? verb}`), repository, model };
  }
  const [, kind, region = '', verb = ''] = regionPath.exec(path) ?? [];
  if (kind === undefined) return undefined;
  // A region is registered by its name, and has none before.
  if (verb === 'register' && region === '') return undefined;
  return { ...nothing, route: asRoute(`${kind}/${verb}`), region };
}

function asRoute(name: string): RouteName {
  const route = routeNames.find((one) => one === name);
  if (route === undefined) throw new Error(`'${name}' is no route. This is a bug.`);
  return route;
}
