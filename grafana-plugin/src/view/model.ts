/**
 * The views draw the path document of the REST API as it is. Types only: this folder is also built
 * into a Grafana plugin, which must not carry the schema library.
 */
export type { Alert } from '../../../domain/src/rest/alerts.ts';
export type { Change } from '../../../domain/src/rest/changes.ts';
export type {
  ClientSighting,
  Hop,
  HopTimes,
  Outcome,
  Party,
  Path,
  PathClass,
  RefusalInfo,
  Rewrite,
  Role,
  Rtt,
  SourceVerdict,
  Warning,
} from '../../../domain/src/rest/path.ts';
export type { RefusalItem } from '../../../domain/src/rest/queries.ts';
export type { RefusalTimeline, TimelinePlace } from '../../../domain/src/rest/refusalTimeline.ts';
export type {
  GraphEdge as WayEdge,
  GraphParty,
  GraphTotals,
  ScenarioCount,
  ServiceGraph as ServiceWays,
  SightingCount,
} from '../../../domain/src/rest/serviceGraph.ts';
