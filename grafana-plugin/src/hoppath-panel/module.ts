import { PanelPlugin } from '@grafana/data';
import { HopPathPanel } from './HopPathPanel.tsx';

export const plugin = new PanelPlugin(HopPathPanel).setNoPadding();
