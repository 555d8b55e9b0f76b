import { AppPlugin } from '@grafana/data';

/** The app holds the data source, the panels and the dashboards; it has no page of its own. */
export const plugin = new AppPlugin();
