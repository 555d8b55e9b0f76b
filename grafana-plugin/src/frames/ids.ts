/** Identities that frames, panels and dashboards name one another by. A test compares them with plugin.json. */
export const HOP_PATH_PANEL_ID = 'hoptrace-hoppath-panel';
export const PATH_GRAPH_PANEL_ID = 'hoptrace-pathgraph-panel';

// biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana fills these in
const KEEP = '${__url_time_range}&${datasource:queryparam}';

/** Links between the dashboards. They keep time range and data source. */
export const REQUEST_LINK = {
  title: 'Show this request',
  url: `/d/hoptrace-request?var-request=\${__value.raw:percentencode}&${KEEP}`,
};
export const SERVICE_LINK = {
  title: 'Show this service',
  url: `/d/hoptrace-service?var-service=\${__value.raw:percentencode}&${KEEP}`,
};
