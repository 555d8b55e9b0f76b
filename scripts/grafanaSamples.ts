/** `tsx scripts/grafanaSamples.ts`: writes the sample paths of the data source from those of the views. A test compares them. */
import { writeFileSync } from 'node:fs';

const PLUGIN = new URL('../grafana-plugin/src/', import.meta.url);
const { samplePaths } = await import(new URL('view/samples/samplePaths.ts', PLUGIN).href);
writeFileSync(new URL('datasource/samples.json', PLUGIN), `${JSON.stringify(samplePaths)}\n`);
