// The lint rules, and the house's one law of imports: a folder may import only from folders of a lower
// layer (ARCHITECTURE.md, "Layers"), and each third-party package is imported by the folders named here.

const layers = [
  ['cli'],
  ['frontends', 'loadtest'],
  ['server'],
  ['repository'],
  ['models'],
  ['scheduling'],
  ['instances'],
  ['config', 'storage'],
  ['inference'],
  ['tensors', 'telemetry', 'http1', 'http2', 'offload', 'generated'],
  ['sockets'],
];

/** Which folders of src/ may import a package; a package that is not listed may be imported by none. */
const packages = {
  '@aws-sdk/client-s3': ['storage'],
  '@azure/storage-blob': ['storage'],
  '@bufbuild/protobuf': ['config', 'generated', 'frontends'],
  '@google-cloud/storage': ['storage'],
  '@grpc/grpc-js': ['frontends/grpc/transports', 'loadtest'],
  '@grpc/proto-loader': ['frontends/grpc', 'loadtest'],
  '@opentelemetry/api': ['telemetry'],
  '@opentelemetry/exporter-trace-otlp-http': ['telemetry'],
  '@opentelemetry/resources': ['telemetry'],
  '@opentelemetry/sdk-trace-base': ['telemetry'],
  chokidar: ['repository'],
  commander: ['cli'],
  'onnxruntime-node': ['instances/backends'],
  'p-queue': ['repository', 'storage'],
  piscina: ['offload'],
  'prom-client': ['telemetry'],
  re2js: ['server'],
};

const why = (folder) => `src/${folder} may import only lower layers: see ARCHITECTURE.md, "Layers"`;

function forbiddenFolders(folder, row) {
  const upward = layers.slice(0, row + 1).flat();
  return upward.filter((other) => other !== folder).map((other) => `**/${other}/**`);
}

function forbiddenPackages(folder) {
  return Object.entries(packages)
    .filter(([, allowed]) => !allowed.some((place) => place === folder || place.startsWith(`${folder}/`)))
    .flatMap(([name]) => [name, `${name}/**`]);
}

const layerRules = layers.flatMap((folders, row) =>
  folders.map((folder) => ({
    files: [`src/${folder}/**/*.ts`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            { group: forbiddenFolders(folder, row), message: why(folder) },
            {
              group: forbiddenPackages(folder),
              message: `src/${folder} may not import this package: see oxlint.config.mjs`,
            },
          ].filter(({ group }) => group.length > 0),
        },
      ],
    },
  })),
);

export default {
  plugins: ['typescript', 'import', 'promise', 'node', 'unicorn', 'oxc'],
  categories: { correctness: 'error', suspicious: 'error' },
  ignorePatterns: ['dist', 'src/generated', 'node_modules'],
  rules: {
    'import/no-cycle': ['error', { ignoreTypes: false }],
    'max-lines': ['error', { max: 300 }],
    'max-lines-per-function': ['error', { max: 60, skipComments: true, skipBlankLines: true }],
    'max-params': ['error', { max: 4 }],
    'max-depth': ['error', { max: 3 }],
    'typescript/no-explicit-any': 'error',
    'typescript/no-non-null-assertion': 'error',
    'typescript/no-floating-promises': 'error',
    // Messages between threads, library internals and JSON are asserted at the border, with a check beside it.
    'typescript/no-unsafe-type-assertion': 'off',
    // These speak of callbacks and windows of a browser.
    'promise/no-callback-in-promise': 'off',
    'promise/always-return': 'off',
    'unicorn/require-post-message-target-origin': 'off',
    'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    'no-shadow': 'off',
    'unicorn/no-array-sort': 'off',
    'unicorn/consistent-function-scoping': 'off',
    'typescript/consistent-return': 'off',
    eqeqeq: ['error', 'always'],
  },
  overrides: [
    ...layerRules,
    {
      files: ['test/**/*.ts', 'bench/**/*.ts'],
      rules: {
        'max-lines-per-function': 'off',
        'typescript/no-non-null-assertion': 'off',
        'typescript/no-floating-promises': 'off',
      },
    },
  ],
};
