/** The transformations of a panel, run by Grafana's own code. */
import {
  type DataFrame,
  type DataTransformerConfig,
  standardTransformers,
  standardTransformersRegistry,
  transformDataFrame,
} from '@grafana/data';
import { lastValueFrom } from 'rxjs';

export function provideTransformers(): void {
  // Some are listed under two names.
  const infos = new Map(Object.values(standardTransformers).map((info) => [info.id, info]));
  const items = [...infos.values()].map((info) => ({
    id: info.id,
    name: info.name,
    // Since 13 a function that loads it; before, the thing itself.
    transformation: Object.assign(() => Promise.resolve(info), {
      id: info.id,
      operator: info.operator,
      defaultOptions: info.defaultOptions,
    }),
    editor: () => null,
    imageDark: '',
    imageLight: '',
  }));
  standardTransformersRegistry.setInit(() => items);
}

export function transformed(
  frames: readonly DataFrame[],
  steps: readonly DataTransformerConfig[],
): Promise<DataFrame[]> {
  return lastValueFrom(transformDataFrame([...steps], [...frames]));
}
