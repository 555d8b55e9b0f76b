/** The server's end of a connection, as the client's end sees it. Times true, in nanoseconds. */
import type { SimRequest } from './exchange.ts';

export type Respond = (atNs: number, bytes: number) => void;
/** Called when a request can be read, answers by calling `respond`. */
export type Server = (atNs: number, request: SimRequest, respond: Respond) => void;
