/** A stand-in for Grafana's page: real @grafana libraries, the built plugin, one scene. See ../README.md. */
import {
  createTheme,
  type DataFrame,
  type DataSourceApi,
  type PanelPlugin,
  standardEditorsRegistry,
  standardFieldConfigEditorRegistry,
  ThemeContext,
  toDataFrame,
} from '@grafana/data';
import { config } from '@grafana/runtime';
import { GlobalStyles } from '@grafana/ui';
import type { ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { type HostReport, type Scene, sceneOf } from '../scene.ts';
import { loadModule } from './amd.ts';
import { DashboardView } from './DashboardView.tsx';
import { EditorView } from './EditorView.tsx';
import { PanelFrame } from './PanelFrame.tsx';
import { provideServices } from './services.ts';
import { ask, loadSource, metaOf } from './source.ts';
import { provideTransformers } from './transform.ts';

const scene = sceneOf(location.search);
const isDark = scene.theme !== 'light';
const theme = createTheme({ colors: { mode: isDark ? 'dark' : 'light' } });
Object.assign(config, { theme2: theme });
// As Grafana does at start-up: the registries that field overrides read.
standardFieldConfigEditorRegistry.setInit(() => []);
standardEditorsRegistry.setInit(() =>
  ['number', 'text', 'boolean', 'select', 'radio'].map((id) => ({
    id,
    name: id,
    editor: () => null,
  })),
);
provideTransformers();
provideServices(() => scene.variables ?? {});

declare global {
  interface Window {
    hostReport?: HostReport;
  }
}

const loadPanel = async (id: string): Promise<PanelPlugin> => {
  const { plugin } = (await loadModule(`/public/plugins/${id}/module.js`)) as {
    plugin: PanelPlugin;
  };
  Object.assign(plugin, { meta: await metaOf(id) });
  return plugin;
};

function show(content: ReactNode): void {
  const place = document.getElementById('root');
  if (place === null) return;
  const style = { background: theme.colors.background.canvas, minHeight: '100vh', padding: 8 };
  createRoot(place).render(
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <div style={style}>{content}</div>
    </ThemeContext.Provider>,
  );
}

async function showPanel(source: DataSourceApi, { width = 1100, height = 620, ...wanted }: Scene) {
  const plugin = await loadPanel(wanted.panel ?? '');
  const foreign = wanted.foreignFrames?.map((frame): DataFrame => toDataFrame(frame));
  const answer =
    foreign === undefined
      ? await ask(source, wanted.queries ?? [], wanted)
      : { frames: foreign, errors: [] };
  const size = { width, height, isDark };
  show(
    <PanelFrame
      plugin={plugin}
      title={plugin.meta.name}
      frames={answer.frames}
      errors={answer.errors}
      options={wanted.options ?? {}}
      {...size}
    />,
  );
  return answer;
}

async function run(): Promise<HostReport> {
  const { plugin, source } = await loadSource(scene);
  const nothing = { frames: [], errors: [], health: null };
  if (scene.show === 'health') return { ...nothing, health: await source.testDatasource() };
  if (scene.show === 'panel') {
    const { frames, errors } = await showPanel(source, scene);
    return { ...nothing, frames: frames.map(plain), errors };
  }
  if (scene.show === 'dashboard') {
    const errors: string[] = [];
    const content = await DashboardView({ scene, source, loadPanel, isDark, errors });
    show(content);
    return { ...nothing, errors };
  }
  show(<EditorView scene={scene} plugin={plugin} source={source} />);
  return nothing;
}

/** Frames without their helper functions, for the test to read. */
function plain({ name, meta, fields, length }: DataFrame) {
  return {
    name,
    meta,
    length,
    fields: fields.map(({ name, type, values }) => ({ name, type, values })),
  };
}

window.hostReport = await run();
