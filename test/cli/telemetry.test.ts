import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { test } from 'node:test';
import { Command } from '../support/command.js';
import { sampleModels, withFolder } from '../support/server.js';

/** Variables by which the runtime knows a build machine, where it reports nothing of its own accord. */
const buildMachine =
  'CI TF_BUILD GITHUB_ACTIONS GITLAB_CI CIRCLECI TRAVIS JENKINS_URL BUILDKITE CODEBUILD_BUILD_ID TEAMCITY_VERSION APPVEYOR BITBUCKET_BUILD_NUMBER'.split(
    ' ',
  );

/** What a check of the sample models leaves in the folder for temporary files: the runtime's telemetry keeps a log there. */
function leavings(telemetry: string | undefined): Promise<readonly string[]> {
  return withFolder(async (folder) => {
    const desk = Object.fromEntries(buildMachine.map((name) => [name, undefined]));
    const env = { ...desk, TMPDIR: folder, ORT_DISABLE_TELEMETRY: telemetry };
    const { code } = await new Command(['check', sampleModels], { env }).ended;
    assert.equal(code, 0);
    return readdir(folder);
  });
}

test('ONNX Runtime reports to nobody, unless that is asked for', async () => {
  assert.deepEqual(await leavings(undefined), []);
  // Shows that the folder would tell.
  assert.notDeepEqual(await leavings('0'), []);
});
