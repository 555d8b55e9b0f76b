/** `tsx scripts/grafanaSamples.ts`: writes the sample documents of the data source from those of the views. A test compares them. */
import { writeFileSync } from 'node:fs';
import { OUTCOMES, type Path, pathSchema } from '@hoptrace/domain/rest/path.ts';
import { z } from 'zod';

const PLUGIN = new URL('../grafana-plugin/src/', import.meta.url);
/** Enough rows to look like something. */
const REPEATS = 3;

/** The samples of the views belong to another TypeScript project: they are loaded and checked at run time. */
const views = await import(new URL('view/samples/samplePaths.ts', PLUGIN).href);
const samples = z.array(pathSchema).parse(views.samplePaths);
const paths = Array.from({ length: REPEATS }, () => samples).flat();

function servicesOf(all: readonly Path[]) {
  const keys = new Set(
    all.flatMap(({ service }) => (service === null ? [] : [JSON.stringify(service)])),
  );
  return [...keys].map((key) => {
    const own = all.filter(({ service }) => JSON.stringify(service) === key);
    return {
      ...own[0]?.service,
      paths: own.length,
      refused: own.filter(({ refusal }) => refusal !== null).length,
      withExtraHops: own.filter(({ extraHops }) => extraHops > 0).length,
    };
  });
}

const overview = {
  fromUs: 0,
  toUs: 0,
  paths: paths.length,
  outcomes: Object.fromEntries(
    OUTCOMES.map((outcome) => [outcome, paths.filter((path) => path.outcome === outcome).length]),
  ),
  crossings: paths.reduce((sum, { crossings }) => sum + crossings, 0),
  withExtraHops: paths.filter(({ extraHops }) => extraHops > 0).length,
  services: servicesOf(paths),
  agents: { known: 0, silent: 0 },
};
const documents = { paths, refusals: views.refusalsOf(paths), overview };
writeFileSync(new URL('datasource/samples.json', PLUGIN), `${JSON.stringify(documents)}\n`);
