import { InferenceError, invalidArgument } from '../../inference/error.js';
import type { LogChange } from '../../server/log-settings.js';
import type { Server } from '../../server/server.js';
import type { LogSettingsRequest, LogSettingsResponse, LogSettingValue } from './messages.js';

/** LogSettings: changes what the call names, and answers with all settings. */
export function logSettings(server: Server, { settings }: LogSettingsRequest): LogSettingsResponse {
  server.changeLogSettings(toChange(settings));
  return {
    settings: Object.fromEntries(
      Object.entries(server.logSettings).map(([name, value]) => [name, toSettingValue(value)]),
    ),
  };
}

function toSettingValue(value: string | boolean | number): LogSettingValue {
  switch (typeof value) {
    case 'string':
      return { parameter_choice: 'string_param', string_param: value };
    case 'boolean':
      return { parameter_choice: 'bool_param', bool_param: value };
    default:
      return { parameter_choice: 'uint32_param', uint32_param: value };
  }
}

function toChange(settings: LogSettingsRequest['settings']): LogChange {
  return {
    has: (name) => Object.hasOwn(settings, name),
    boolean(name) {
      const setting = settings[name];
      if (setting?.parameter_choice !== 'bool_param') throw wrongKind('boolean', name);
      return setting.bool_param;
    },
    level(name) {
      const setting = settings[name];
      if (setting?.parameter_choice !== 'uint32_param') throw wrongKind('int32', name);
      return setting.uint32_param;
    },
    text(name) {
      const setting = settings[name];
      if (setting?.parameter_choice !== 'string_param') throw wrongKind('string', name);
      return setting.string_param;
    },
    badFormat: (format) => invalidArgument(`invalid argument for log_format, got: ${format}`),
  };
}

function wrongKind(expected: string, name: string): InferenceError {
  return invalidArgument(`expect ${expected} for '${name}'`);
}
