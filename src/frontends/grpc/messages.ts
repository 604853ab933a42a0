/** The messages of the services as proto-loader gives and takes them: field names as in the proto files. */

export interface NamedVersion {
  readonly name: string;
  readonly version: string;
}

export interface RepositoryIndexRequest {
  readonly repository_name: string;
  readonly ready: boolean;
}

export type ControlParameter =
  | { readonly parameter_choice: 'bool_param'; readonly bool_param: boolean }
  | { readonly parameter_choice: 'int64_param'; readonly int64_param: string }
  | { readonly parameter_choice: 'string_param'; readonly string_param: string }
  | { readonly parameter_choice: 'bytes_param'; readonly bytes_param: Buffer }
  | { readonly parameter_choice?: undefined };

/** Of RepositoryModelLoad and RepositoryModelUnload alike. */
export interface ModelControlRequest {
  readonly repository_name: string;
  readonly model_name: string;
  readonly parameters: Readonly<Record<string, ControlParameter>>;
}

/** `ns` is text because it may pass what a number holds. */
export interface StatisticDuration {
  readonly count: number;
  readonly ns: string;
}

export interface ComputeStatistics {
  readonly compute_input: StatisticDuration;
  readonly compute_infer: StatisticDuration;
  readonly compute_output: StatisticDuration;
}

export interface InferStatistics extends ComputeStatistics {
  readonly success: StatisticDuration;
  readonly fail: StatisticDuration;
  readonly queue: StatisticDuration;
  readonly cache_hit: StatisticDuration;
  readonly cache_miss: StatisticDuration;
}

export interface InferBatchStatistics extends ComputeStatistics {
  readonly batch_size: number;
}

/** Memory usage and statistics of single responses are left out: nothing here reports them. */
export interface ModelStatistics {
  readonly name: string;
  readonly version: string;
  readonly last_inference: number;
  readonly inference_count: number;
  readonly execution_count: number;
  readonly inference_stats: InferStatistics;
  readonly batch_stats: readonly InferBatchStatistics[];
}

export interface ModelStatisticsResponse {
  readonly model_stats: readonly ModelStatistics[];
}

export interface NamedRegion {
  /** Empty: all. */
  readonly name: string;
}

export interface SystemRegionRequest extends NamedRegion {
  readonly key: string;
  /** Numbers of 64 bits are text. */
  readonly offset: string;
  readonly byte_size: string;
}

export type CudaRegionRequest = NamedRegion;

export type LogSettingValue =
  | { readonly parameter_choice: 'bool_param'; readonly bool_param: boolean }
  | { readonly parameter_choice: 'uint32_param'; readonly uint32_param: number }
  | { readonly parameter_choice: 'string_param'; readonly string_param: string }
  | { readonly parameter_choice?: undefined };

export interface LogSettingsRequest {
  readonly settings: Readonly<Record<string, LogSettingValue>>;
}

export type LogSettingsResponse = LogSettingsRequest;

/** Settings of traces by their names. */
export type TraceSettingValues = Readonly<Record<string, { readonly value: readonly string[] }>>;

export interface TraceSettingRequest {
  readonly settings: TraceSettingValues;
  readonly model_name: string;
}

export interface TraceSettingResponse {
  readonly settings: TraceSettingValues;
}

export interface HealthCheckRequest {
  readonly service: string;
}

export interface HealthCheckResponse {
  readonly status: 'UNKNOWN' | 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN';
}

/** One of the request's kinds is set; `message_request` names it. */
export interface ReflectionRequest {
  readonly host: string;
  readonly message_request?: string;
  readonly file_by_filename?: string;
  readonly file_containing_symbol?: string;
  readonly file_containing_extension?: {
    readonly containing_type: string;
    readonly extension_number: number;
  };
  readonly all_extension_numbers_of_type?: string;
  readonly list_services?: string;
}

export interface ReflectionResponse {
  readonly valid_host: string;
  readonly original_request: ReflectionRequest;
  readonly file_descriptor_response?: { readonly file_descriptor_proto: readonly Uint8Array[] };
  readonly list_services_response?: { readonly service: readonly { readonly name: string }[] };
  readonly error_response?: { readonly error_code: number; readonly error_message: string };
}
