import { PanelPlugin } from '@grafana/data';
import { type GraphOptions, PathGraphPanel } from './PathGraphPanel.tsx';

export const plugin = new PanelPlugin<GraphOptions>(PathGraphPanel)
  .setNoPadding()
  .setPanelOptions((builder) =>
    builder
      .addNumberInput({
        path: 'maxPerStage',
        name: 'Marks per stage',
        description: 'The busiest are shown; the rest become one mark "other".',
        defaultValue: 8,
        settings: { min: 2, max: 50, integer: true },
      })
      .addTextInput({
        path: 'nodeVariable',
        name: 'Variable for a chosen machine',
        description: 'A click on a mark writes its machine here. Empty: marks are not buttons.',
        defaultValue: 'node',
      }),
  );
