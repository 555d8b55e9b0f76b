/** What the stand-in host is asked to show; in the address of the page as JSON under `scene`. */
export interface Scene {
  readonly theme?: 'dark' | 'light';
  readonly show: 'panel' | 'dashboard' | 'config' | 'query' | 'health';
  /** Id of the panel plugin. */
  readonly panel?: string;
  /** Name of the dashboard's file. */
  readonly dashboard?: string;
  readonly queries?: readonly Readonly<Record<string, unknown>>[];
  readonly options?: Readonly<Record<string, unknown>>;
  readonly variables?: Readonly<Record<string, string | readonly string[]>>;
  readonly filters?: readonly { key: string; operator: string; value: string }[];
  /** Frames that no data source of ours made, in place of an answer. */
  readonly foreignFrames?: readonly unknown[];
  readonly app?: string;
  readonly width?: number;
  readonly height?: number;
  readonly apiUrl?: string;
}

/** What the page tells its test. */
export interface HostReport {
  readonly frames: readonly unknown[];
  readonly errors: readonly string[];
  readonly health: unknown;
}

export function sceneOf(search: string): Scene {
  return JSON.parse(new URLSearchParams(search).get('scene') ?? '{"show":"health"}') as Scene;
}
