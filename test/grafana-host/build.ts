/** Builds the stand-in host page with the @grafana libraries of one Grafana version. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

export const GRAFANA_VERSIONS = ['13.2', '12.4'] as const;
export type GrafanaVersion = (typeof GRAFANA_VERSIONS)[number];

const HERE = fileURLToPath(new URL('.', import.meta.url));
const PLUGIN = fileURLToPath(new URL('../../grafana-plugin/', import.meta.url));

/** Both sets of libraries lie in the plugin's node_modules, the older under names of their own. */
const OLDER: Readonly<Record<string, string>> = {
  react: 'react-18',
  'react-dom': 'react-dom-18',
  '@grafana/data': 'grafana-data-12',
  '@grafana/ui': 'grafana-ui-12',
  '@grafana/runtime': 'grafana-runtime-12',
};

const SHARED = /^(react|react-dom|rxjs|@emotion\/css|@grafana\/(?:data|ui|runtime))(\/.*)?$/;

/** One copy of each shared library, whoever asks: two Reacts on a page do not work. */
function onlyCopies(version: GrafanaVersion): Plugin {
  return {
    name: 'only copies',
    setup({ onResolve, resolve }) {
      onResolve({ filter: SHARED }, ({ path, kind, pluginData }) => {
        if (pluginData === 'resolved') return undefined;
        const [, name = '', rest = ''] = SHARED.exec(path) ?? [];
        const renamed = version === '12.4' ? (OLDER[name] ?? name) : name;
        return resolve(renamed + rest, { kind, resolveDir: PLUGIN, pluginData: 'resolved' });
      });
    },
  };
}

/** Writes host.js and what it loads into `outputFolder`. */
export async function buildHost(version: GrafanaVersion, outputFolder: string): Promise<void> {
  await build({
    absWorkingDir: PLUGIN,
    entryPoints: { host: join(HERE, 'browser/host.tsx') },
    outdir: outputFolder,
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    minify: false,
    nodePaths: [join(PLUGIN, 'node_modules')],
    // Grafana's texts throw in development where no translation is set up.
    define: { 'process.env.NODE_ENV': '"production"', 'process.env.JEST_WORKER_ID': 'undefined' },
    loader: { '.svg': 'dataurl', '.woff2': 'empty', '.ttf': 'empty', '.png': 'dataurl' },
    plugins: [onlyCopies(version)],
    logLevel: 'error',
  });
}
