/** The documents of the REST API by their names. The types are made from its OpenAPI document. */
import type { components } from './openapi.ts';

type Schemas = components['schemas'];

export type Path = Schemas['Path'];
export type Hop = Schemas['Hop'];
export type Party = Schemas['Party'];
export type PathList = Schemas['PathList'];
export type RefusalItem = Schemas['RefusalItem'];
export type RefusalList = Schemas['RefusalList'];
export type Overview = Schemas['Overview'];
export type Agent = Schemas['Agent'];
export type AgentList = Schemas['AgentList'];
export type Readiness = Schemas['Readiness'];
export type Problem = Schemas['Problem'];
