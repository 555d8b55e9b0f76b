/** Made from the OpenAPI document of the API by `npm run grafana:types`. Do not edit. */
export interface paths {
    "/api/v1/paths": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Recent paths
         * @description Paths that started in [from, to), newest first; filters are combined with "and".
         *
         *         curl 'http://127.0.0.1:7040/api/v1/paths?service=shop/web&outcome=served&extraHops=1&limit=10'
         */
        get: operations["listPaths"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/paths/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One path
         * @description The newest version of one path.
         *
         *         curl http://127.0.0.1:7040/api/v1/paths/0ftuxr6f400-3f1c9a5be0d24c77
         */
        get: operations["getPath"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/refusals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Refused connections
         * @description SYNs that did not become a connection, with who refused them, why, and what to do; newest first.
         *
         *         curl 'http://127.0.0.1:7040/api/v1/refusals?kind=rejected&node=node3'
         */
        get: operations["listRefusals"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/paths/{id}/routes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Rules that lead to the app of a path
         * @description Rules of Ingresses and HTTPRoutes, as they were when the path began, that lead to the Service whose endpoint the ingress proxy connected to. Agents see no host and no path of a request: where several rules lead there, which one it matched is not known.
         *
         *         curl http://127.0.0.1:7040/api/v1/paths/0ftuxr6f400-3f1c9a5be0d24c77/routes
         */
        get: operations["getPathRoutes"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/agents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Agents and what they lost
         * @description One item per node whose agent was heard of in the last 24 h. All are on one page: nextCursor is always null.
         *
         *         curl http://127.0.0.1:7040/api/v1/agents
         */
        get: operations["listAgents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/overview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Counts for a time range
         * @description Paths by outcome, extra hops, services and agents in [from, to).
         *
         *         curl 'http://127.0.0.1:7040/api/v1/overview?from=2026-01-01T12:00:00Z&to=2026-01-01T13:00:00Z'
         */
        get: operations["getOverview"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/incidents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Refusals grouped into incidents
         * @description Refusals of one service (or destination), node and cause, no further apart than gapSeconds, as one item; those that were under way in [from, to), latest start first.
         *
         *         curl 'http://127.0.0.1:7040/api/v1/incidents?service=shop/web&gapSeconds=120'
         */
        get: operations["listIncidents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/incidents/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One incident
         * @description The incident that has this id, as it is now; an id that was made while its beginning was not in range finds the whole.
         *
         *         curl http://127.0.0.1:7040/api/v1/incidents/0hofq0jifyy-2c71e0a9b5d3f604
         */
        get: operations["getIncident"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/load-balancers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Load balancers in front of Services
         * @description For each Service that a load balancer stands in front of: who it is, by status, annotations or configuration; both ends of the PROXY protocol; and for each node what its health check said in the last sinceSeconds, against what the endpoints demand.
         *
         *         curl 'http://127.0.0.1:7040/api/v1/load-balancers?service=shop/web'
         */
        get: operations["listLoadBalancers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/missing": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What is missing
         * @description Losses of agents over time, times in which an agent was not heard of, and paths with parts that nobody saw, in [from, to). What the collector itself had to let go of is in its own /metrics (hoptrace_collector_stitch_evicted_records_total).
         *
         *         curl 'http://127.0.0.1:7040/api/v1/missing?from=2026-01-01T12:00:00Z'
         */
        get: operations["getMissing"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/services": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Services of the last day, in Jaeger’s form */
        get: operations["jaegerServices"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/services/{service}/operations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Operations of a service: how its requests can end */
        get: operations["jaegerOperations"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/traces": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Paths as traces, in Jaeger’s form
         * @description service is namespace/name; operation an outcome; tags a JSON object of client, node, class, cluster, extraHops, error. Hops that nobody saw have no span: the warnings name them.
         *
         *         curl 'http://127.0.0.1:7040/api/traces?service=shop/web&operation=dropped&limit=5'
         */
        get: operations["jaegerTraces"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/traces/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One path as a trace, by its trace id */
        get: operations["jaegerTrace"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/dependencies": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Who sends to whom, in Jaeger’s form
         * @description Counted over the newest 20000 paths of the range.
         */
        get: operations["jaegerDependencies"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Paths as they are found (WebSocket)
         * @description Opens a WebSocket; every message is one JSON document with a type. A path is sent about three seconds after it began, and again when more is known of it. What the store gets later than a minute after it began comes within 15 s more; what it gets later than a quarter of an hour after it began (or beyond the newest 50,000 of that time) is not in the stream, but in the lists. Whoever reads too slowly is told how many paths were dropped. Give the cursor of the last message to go on after a break.
         *
         *         hoptrace live --service shop/web
         */
        get: operations["watchPaths"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/alerts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Alerts that fire, wait, or were resolved within 15 minutes
         * @description What fires comes first, the gravest first. isStale says that the last evaluation could not be made: whether it still holds is not known. All are on one page: nextCursor is always null.
         *
         *         curl 'http://127.0.0.1:7040/api/v1/alerts?state=firing'
         */
        get: operations["listAlerts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rules": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Rules that alerts come from
         * @description The default ones, as HOPTRACE_ALERTS_RULES_FILE changes them. Empty: alerts are off.
         *
         *         curl http://127.0.0.1:7040/api/v1/rules
         */
        get: operations["listAlertRules"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/silences": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Silences that have not ended, or that did within a week
         * @description A silence keeps receivers quiet; its alerts are still listed, with isSilenced. A token that is bound to clusters sees the silences that hold in those alone.
         *
         *         curl 'http://127.0.0.1:7040/api/v1/silences?state=active'
         */
        get: operations["listSilences"];
        put?: never;
        /**
         * Keep receivers quiet for a while
         * @description For alerts that have all labels of `match`, in `clusters`; `rule` names the rule. At most 30 days.
         *
         *         curl -H 'content-type: application/json' http://127.0.0.1:7040/api/v1/silences -d '{"match": {"rule": "refused-connections", "node": "node3"}, "endsAtUs": 1700000000000000, "createdBy": "me", "comment": "node3 is being drained"}'
         */
        post: operations["createSilence"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/silences/{silenceId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * End a silence now
         * @description curl -X DELETE http://127.0.0.1:7040/api/v1/silences/SILENCE_ID
         */
        delete: operations["endSilence"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/services": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Services and their counts
         * @description Requests, refusals by cause, extra hops and response times of each service in [from, to), widened to whole minutes; the busiest first. All are on one page: nextCursor is always null.
         *
         *         curl 'http://127.0.0.1:7040/api/v1/services?from=2026-01-01T12:00:00Z&to=2026-01-01T13:00:00Z'
         */
        get: operations["listServices"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/services/{namespace}/{name}/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One service over time
         * @description Counts and durations of the service's requests, and of each hop of their paths, by step; [from, to) is widened to whole steps. With entryNode or ingress the hops are left out: they are not counted by those.
         *
         *         curl 'http://127.0.0.1:7040/api/v1/services/shop/web/stats?step=60'
         */
        get: operations["getServiceStats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/topology": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Kubernetes objects as of a time
         * @description Nodes, Pods, Services, EndpointSlices, Ingresses, Gateways, HTTPRoutes and what agents found out about their nodes, as they were at `at`, each with the time for which it was so.
         *
         *         curl 'http://127.0.0.1:7040/api/v1/topology?at=2026-01-01T12:00:00Z&kind=Service&namespace=shop'
         */
        get: operations["listTopology"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/services/{namespace}/{name}/graph": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The ways that requests of a service took
         * @description Parties, the hops between them with latency, extra hops and refusals, and what each party saw of the client; of the newest 10,000 requests in [from, to).
         *
         *         curl 'http://127.0.0.1:7040/api/v1/services/shop/web/graph?from=2026-01-01T12:00:00Z'
         */
        get: operations["getServiceGraph"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/changes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What changed in the topology
         * @description Policies, endpoints, Services and nodes that changed in [from, to), told as differences, newest first. All are on one page: nextCursor is always null.
         *
         *         curl 'http://127.0.0.1:7040/api/v1/changes?service=shop/web'
         */
        get: operations["listChanges"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/refusals/timeline": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Refusals by machine, port and time
         * @description How many connections each place (machine and port) refused and took in each step of [from, to), widened to whole steps; the 200 places with the most refusals.
         *
         *         curl 'http://127.0.0.1:7040/api/v1/refusals/timeline?service=shop/web&step=60'
         */
        get: operations["getRefusalTimeline"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Changes that were asked for, granted or not
         * @description For admins. Who (token, role, tenant) asked for which change of what, how that ended, and what it was before and after; newest first. A token that is bound to clusters sees what was about those.
         *
         *         curl 'http://127.0.0.1:7040/api/v1/audit?outcome=refused&limit=10'
         */
        get: operations["listAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The process answers
         * @description Looks at nothing else; use /readyz to learn whether it can answer questions.
         */
        get: operations["getHealth"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The API can answer questions; says what is missing */
        get: operations["getReadiness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Prometheus metrics of the API */
        get: operations["getMetrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        Path: {
            pathId: string;
            /** @description a later version of the same pathId replaces an earlier one */
            version: number;
            cluster: string;
            startedAtUs: number;
            service: components["schemas"]["ServiceRef"] | null;
            client: {
                ip: string | null;
                port: number | null;
                /** @enum {string} */
                source: "socket" | "proxyProtocol" | "xForwardedFor" | "unknown";
            };
            /** @enum {string} */
            outcome: "served" | "reset" | "rejected" | "dropped" | "unknown";
            hops: components["schemas"]["Hop"][];
            /** @description hops known to go from one machine to another */
            crossings: number;
            extraHops: number;
            /** @enum {string} */
            class: "A" | "B" | "C" | "D" | "M";
            confidence: number;
            completeness: number;
            /** @description paths that this one stands for, itself included: others of its service were shed in an overload. Absent: 1 */
            weight?: number;
            refusal: components["schemas"]["RefusalInfo"] | null;
            warnings: components["schemas"]["Warning"][];
            /** @description absent: written by a version that did not judge */
            sourceVerdict?: {
                /**
                 * @description how the first machine that serves the connection learns, or does not learn, the client
                 * @enum {string}
                 */
                scenario: "direct" | "tcpLbWithoutProxy" | "proxyProtocol" | "preservedByLocal" | "rewrittenByCluster" | "headerOnly" | "forged" | "unknown";
                text: string;
                /** @description one for each hop, in path order */
                clientSeenBy: {
                    /** @description who received the connection: name, or address where it has none */
                    party: string;
                    /** @description address and port at the other end of its socket */
                    sees: string | null;
                    /** @description that is the client; null: not known */
                    isClient: boolean | null;
                    /** @description the party can learn the client, by socket or by a header that holds; null: not known */
                    recoverable: boolean | null;
                }[];
                /** @description what the path says of the client holds against what was observed; null: cannot be told */
                believable: boolean | null;
                /** @description what would change it; empty where nothing needs to */
                remedy: string;
            } | null;
        };
        Hop: {
            index: number;
            from: components["schemas"]["Party"];
            to: components["schemas"]["Party"];
            /**
             * @description how `from` made this step: network (it originated), nodeForward (NAT), proxy (a new connection)
             * @enum {string}
             */
            kind: "network" | "nodeForward" | "proxy";
            crossesNode: boolean | null;
            /** @description an allowed choice would have avoided this crossing; null: no topology */
            extra: boolean | null;
            extraReason: string | null;
            rtt: components["schemas"]["Rtt"] | null;
            /** @description time towards `to`, bounded only: how a delay is shared between the directions cannot be seen; null: clocks not comparable */
            oneWay?: {
                lowNs: number;
                highNs: number;
            } | null;
            /** @description both ways between `from` and `to` for a request: the wait for its response at one tap minus the wait at the next; null: not timed at both */
            requestCost?: {
                valueNs: number;
                lowNs: number;
                highNs: number;
                /**
                 * @description request: of the one request of this path. connection: which of its requests is meant is not known; their median, and the range of all
                 * @enum {string}
                 */
                scope: "request" | "connection";
                /** @description number of that one request on the connection in front, from 1; null: scope connection */
                burst: number | null;
                /** @description requests that both taps timed */
                requests: number;
            } | null;
            /** @description what a request and its response spent in the proxy `from`, between its doors: waiting until it ran and connecting upstream included, the wait for the upstream not; null: not timed */
            proxyTime?: {
                valueNs: number;
                lowNs: number;
                highNs: number;
                /**
                 * @description request: of the one request of this path. connection: which of its requests is meant is not known; their median, and the range of all
                 * @enum {string}
                 */
                scope: "request" | "connection";
                /** @description number of that one request on the connection in front, from 1; null: scope connection */
                burst: number | null;
                /** @description requests that both taps timed */
                requests: number;
            } | null;
            /** @description how the connection in front of the proxy `from` was linked to this one */
            link?: {
                /** @enum {string} */
                method: "threadRule" | "proxyHeader" | "requestId" | "firstFlight" | "byteCounters" | "timing";
                /** @description of method timing: calibrated share of such links that are right; else 1 minus the bound of its class */
                confidence: number;
            } | null;
            rewrite: components["schemas"]["Rewrite"] | null;
            /** @enum {string} */
            class: "A" | "B" | "C" | "D" | "M";
            /** @description set where a part of this hop was not seen */
            gap?: {
                /**
                 * @description why nobody saw this: no agent can be there, none is there, one is but did not tell, cause not linked
                 * @enum {string}
                 */
                reason: "outsideCluster" | "agentAbsent" | "lost" | "causeNotSeen";
                text: string;
            } | null;
            /** @description of the whole connection, where `to` saw it arrive; absent: not seen there, or by an agent that does not count it */
            traffic?: {
                /** @description payload from the client, whatever was sent twice counted once */
                clientBytes: number;
                /** @description payload from the server; null: none of its packets passed here */
                serverBytes: number | null;
                /** @description segments of payload from the client that showed this tap nothing new: sent again, or late */
                clientRetransmits: number;
                serverRetransmits: number;
                /**
                 * @description open: when it was told. finBy…: whose FIN came first. timedOut: nobody was seen to close it, and the agent follows it no longer
                 * @enum {string}
                 */
                closed: "open" | "finByClient" | "finByServer" | "resetByClient" | "resetByServer" | "timedOut";
            };
            times: components["schemas"]["HopTimes"];
        };
        HopTimes: {
            synNs: number | null;
            establishedNs: number | null;
            firstRequestNs: number | null;
            firstResponseNs: number | null;
            endNs: number | null;
            /** @description node whose clock stamped these; null: nobody saw this hop arrive */
            clock: string | null;
        };
        Party: {
            /** @enum {string} */
            role: "client" | "load-balancer" | "node" | "ingress" | "app" | "pod" | "unknown";
            /** @description namespace/pod, node or service name; null when no topology names it */
            name: string | null;
            /** @description machine it runs on; null when unknown */
            node: string | null;
            ip: string;
            port: number;
            /** @description an agent saw this party itself, not only its address */
            observed: boolean;
        };
        Rtt: {
            valueNs: number;
            lowNs: number;
            highNs: number;
            /**
             * @description handshakeDifference: two taps subtracted. handshakeTo…: one tap, stack of the far end included
             * @enum {string}
             */
            method: "handshakeDifference" | "handshakeToClient" | "handshakeToServer";
            /** @description round trip of SYN and SYN-ACK, connection set-up on the way included; null: not seen at both, or repeated */
            firstPacketNs?: number | null;
            /** @description round trip of SYN-ACK and ACK, set-up over; null: not seen at both */
            steadyNs?: number | null;
        };
        Rewrite: {
            /** @enum {string} */
            mechanism: "snat" | "tcpProxy" | "proxyProtocol" | "unknown";
            /** @description source address and port that arrived */
            before: string;
            /** @description source address and port that left */
            after: string;
            cause: string;
            /** @description can the receiver still learn the client; null: not observed */
            recoverable: boolean | null;
        };
        RefusalInfo: {
            /** @enum {string} */
            kind: "reset" | "rejected" | "dropped";
            node: string | null;
            evidence: string;
            /** @description skb_drop_reason or ICMP name, empty if none */
            reason: string;
            /** @description code: noLocalEndpoints, noEndpoints, sourceRanges, closedPort, nodePortAddress, hostPortElsewhere, unknownServicePort, endpointClosedPort, endpointGone, asymmetricReturn, unknown */
            cause: string;
            text: string;
            remedy: string;
            synCount: number;
            afterNs: number;
            /** @description what decides the cause changed around the time of the connection; absent: no such change is known */
            transitional?: boolean;
        };
        Warning: {
            code: string;
            text: string;
            subject: string;
        };
        ServiceRef: {
            namespace: string;
            name: string;
            port: string;
        };
        PathList: {
            items: components["schemas"]["Path"][];
            nextCursor: string | null;
        };
        RefusalItem: {
            pathId: string;
            startedAtUs: number;
            cluster: string;
            client: {
                ip: string | null;
                port: number | null;
                /** @enum {string} */
                source: "socket" | "proxyProtocol" | "xForwardedFor" | "unknown";
            };
            /** @description the address that the refused SYN was sent to */
            destination: {
                ip: string;
                port: number;
            };
            service: components["schemas"]["ServiceRef"] | null;
            /** @enum {string} */
            kind: "reset" | "rejected" | "dropped";
            node: string | null;
            evidence: string;
            /** @description skb_drop_reason or ICMP name, empty if none */
            reason: string;
            /** @description code: noLocalEndpoints, noEndpoints, sourceRanges, closedPort, nodePortAddress, hostPortElsewhere, unknownServicePort, endpointClosedPort, endpointGone, asymmetricReturn, unknown */
            cause: string;
            text: string;
            remedy: string;
            synCount: number;
            afterNs: number;
            /** @description what decides the cause changed around the time of the connection; absent: no such change is known */
            transitional?: boolean;
        };
        RefusalList: {
            items: components["schemas"]["RefusalItem"][];
            nextCursor: string | null;
        };
        Incident: {
            /** @description time of its first refusal and what it is about */
            incidentId: string;
            cluster: string;
            service: components["schemas"]["ServiceRef"] | null;
            /** @description where the refused SYNs were sent to; null where a service is known */
            destination: {
                ip: string;
                port: number;
            } | null;
            /** @description machine that refused; null: not seen */
            node: string | null;
            cause: string;
            /** @description refusals by how they were refused */
            kinds: {
                reset: number;
                rejected: number;
                dropped: number;
            };
            startUs: number;
            /** @description its last refusal so far */
            endUs: number;
            /** @description false: it may have begun before what was read (an hour before the range) */
            isStartKnown: boolean;
            /** @description the last refusal is not longer ago than the gap */
            isOngoing: boolean;
            refusals: number;
            /** @description different addresses of clients */
            clients: number;
            /** @description the first few of them */
            clientExamples: string[];
            /** @description machines on the refused paths */
            nodes: string[];
            firstPathId: string;
            newestPathId: string;
            /** @description what the newest refusal says of its cause */
            text: string;
            remedy: string;
            /** @description a load balancer went on sending to the node, which had no endpoint; null: none is known for the service */
            sending?: {
                /**
                 * @description what the health check of the node said meanwhile: it failed, it said healthy, there is none, or nobody saw it
                 * @enum {string}
                 */
                verdict: "checkFailed" | "checkSaidHealthy" | "noCheck" | "checkNotSeen";
                /** @description null: it may as well have been clients that dial the node: the addresses do not tell */
                isByLoadBalancer: true | null;
                loadBalancer: {
                    /** @enum {string} */
                    kind: "awsNetworkInstance" | "awsNetworkIp" | "awsClassic" | "azure" | "googleCloud" | "metalLb" | "digitalOcean" | "hetzner" | "openStack" | "linode" | "scaleway" | "oracle" | "other" | "unknown";
                    /** @description fields and annotations of the Service that say so */
                    knownBy: string[];
                    /** @description that clients dial, by status.loadBalancer.ingress */
                    addresses: string[];
                    hostnames: string[];
                    /** @description from which it reaches nodes (annotation hoptrace/load-balancer-addresses) */
                    sourceAddresses: string[];
                };
                node: string;
                /** @description since when the node had no endpoint, or the first attempt */
                fromUs: number;
                /** @description the last attempt */
                toUs: number;
                durationUs: number;
                /** @description false: it may have begun earlier */
                isFromExact: boolean;
                /** @description since when no endpoint; null: longer than was looked at */
                unservedFromUs: number | null;
                /** @description the first probe of the agent that failed; null: none did, or none was made */
                failingFromUs: number | null;
                /** @description connections to that node that were refused */
                attempts: number;
                /** @description different clients among them; null: only the load balancer’s address was seen */
                clients: number | null;
                /** @description attempts of which the client was not seen */
                attemptsWithoutClient: number;
                /** @description observed against expected, in order */
                health: {
                    fromUs: number;
                    /** @description exclusive */
                    toUs: number;
                    /**
                     * @description what the agent of the node heard at the port; unknown: nobody asked, or no answer
                     * @enum {string}
                     */
                    observed: "healthy" | "unhealthy" | "unknown";
                    httpStatus: number | null;
                    /** @description as kube-proxy counted them; null: not heard */
                    localEndpoints: number | null;
                    /**
                     * @description what endpoints say it should be; none: the Service has no health check node port
                     * @enum {string}
                     */
                    expected: "healthy" | "unhealthy" | "unknown" | "none";
                    /** @description ready ones on this node; null: not known */
                    expectedEndpoints: number | null;
                    /** @description connections that enter here reach an endpoint; null: not known */
                    isServed: boolean | null;
                }[];
                text: string;
                remedy: string;
            } | null;
        };
        IncidentList: {
            items: components["schemas"]["Incident"][];
            nextCursor: string | null;
            /** @description false: the range has more refusals than were read; the oldest were left out */
            isWhole: boolean;
        };
        LiveMessage: {
            /** @constant */
            type: "hello";
            cursor: string;
            /**
             * @description live: from now on. exact: goes on where it ended. fromTime: some may come again. gap: what happened meanwhile is not sent; ask the list
             * @enum {string}
             */
            resumed: "live" | "exact" | "fromTime" | "gap";
            /** @description of a gap: paths that began then are not sent, and GET /api/v1/paths has them */
            missed?: {
                fromUs: number;
                toUs: number;
            };
        } | {
            /** @constant */
            type: "path";
            cursor: string;
            path: components["schemas"]["Path"];
        } | {
            /** @constant */
            type: "dropped";
            cursor: string;
            /** @description paths that were not sent; before filters, where by is feed */
            count: number;
            /**
             * @description client: it reads too slowly. feed: more happened than the API can follow
             * @enum {string}
             */
            by: "client" | "feed";
        } | {
            /** @constant */
            type: "beat";
            cursor: string;
            atUs: number;
        };
        Missing: {
            fromUs: number;
            /** @description exclusive */
            toUs: number;
            /** @description length of the steps of `losses` */
            stepUs: number;
            /** @description steps of time in which an agent lost something, newest first; the 5000 newest */
            losses: {
                cluster: string;
                node: string;
                fromUs: number;
                losses: components["schemas"]["Losses"];
            }[];
            /** @description times in which an agent was not heard of, newest first; the 5000 newest */
            silences: {
                cluster: string;
                node: string;
                /** @description its last sign of life before */
                fromUs: number;
                toUs: number;
                /** @description it was not over at the end of the range */
                isOpen: boolean;
            }[];
            paths: {
                total: number;
                /** @description paths with a part that nobody saw */
                incomplete: number;
                /** @description what paths warn of, by the number of paths */
                warnings: {
                    code: string;
                    paths: number;
                }[];
            };
        };
        JaegerTag: {
            key: string;
            /** @enum {string} */
            type: "string" | "bool" | "int64" | "float64";
            value: string | boolean | number;
        };
        JaegerSpan: {
            traceID: string;
            spanID: string;
            operationName: string;
            references: {
                /** @constant */
                refType: "CHILD_OF";
                traceID: string;
                spanID: string;
            }[];
            /** @description microseconds since the epoch */
            startTime: number;
            /** @description microseconds */
            duration: number;
            tags: components["schemas"]["JaegerTag"][];
            logs: {
                timestamp: number;
                fields: components["schemas"]["JaegerTag"][];
            }[];
            processID: string;
            /** @description what is not known */
            warnings: string[];
        };
        JaegerTrace: {
            traceID: string;
            spans: components["schemas"]["JaegerSpan"][];
            processes: {
                [key: string]: {
                    serviceName: string;
                    tags: components["schemas"]["JaegerTag"][];
                };
            };
            warnings: string[];
        };
        Alert: {
            /** @description of rule and labels: the same again when it fires again */
            alertId: string;
            ruleId: string;
            /** @enum {string} */
            kind: "refusedConnections" | "loadBalancerUnhealthyNode" | "extraHopShare" | "clientAddressLost" | "forgedHeader" | "hopLatency" | "agentSilent" | "evidenceLost";
            /** @enum {string} */
            severity: "info" | "warning" | "critical";
            /** @enum {string} */
            state: "pending" | "firing" | "resolved";
            labels: {
                [key: string]: string;
            };
            /** @description since when it holds */
            startedAtUs: number;
            /** @description null: pending */
            firedAtUs: number | null;
            /** @description null: not resolved */
            resolvedAtUs: number | null;
            /** @description when it was last seen to hold */
            lastHeldAtUs: number;
            /** @description as last seen to hold */
            value: number;
            threshold: number;
            /** @description the usual value; null: the kind compares with none */
            baseline: number | null;
            /** @description requests or attempts behind the value */
            count: number;
            text: string;
            remedy: string;
            /** @description an example; null: none */
            pathId: string | null;
            isSilenced: boolean;
            /** @description the last evaluation could not be made: whether it still holds is not known */
            isStale: boolean;
        };
        AlertList: {
            items: components["schemas"]["Alert"][];
            nextCursor: string | null;
            /** @description null: never since the start, or alerts are off */
            evaluatedAtUs: number | null;
        };
        AlertRule: {
            id: string;
            /** @enum {string} */
            kind: "refusedConnections" | "loadBalancerUnhealthyNode" | "extraHopShare" | "clientAddressLost" | "forgedHeader" | "hopLatency" | "agentSilent" | "evidenceLost";
            /** @enum {string} */
            severity: "info" | "warning" | "critical";
            /** @description fires from here on; its unit goes with the kind (docs/alerts.md) */
            threshold: number;
            /** @description requests or attempts that a judgement needs; with fewer nothing is said */
            minCount: number;
            /** @description how far back is looked */
            windowSeconds: number;
            /** @description how long it must hold before it fires */
            forSeconds: number;
            /** @description how long it fires on after it last held */
            keepFiringSeconds: number;
            /** @description only where these labels have these values; empty: everywhere */
            match: {
                [key: string]: string;
            };
            /** @description more labels for its alerts, such as a team */
            labels: {
                [key: string]: string;
            };
        };
        AlertRuleList: {
            items: components["schemas"]["AlertRule"][];
            nextCursor: string | null;
        };
        Silence: {
            match: {
                [key: string]: string;
            };
            startsAtUs: number;
            endsAtUs: number;
            /**
             * @description only alerts of these; empty: of all
             * @default []
             */
            clusters: string[];
            createdBy: string;
            /** @description why, for whoever looks at it at night */
            comment: string;
            silenceId: string;
            /**
             * @description whose it is; null: of none
             * @default null
             */
            tenant: string | null;
            /**
             * @description the token that set it; null: none was asked for
             * @default null
             */
            author: string | null;
            /**
             * @description pending: it has not begun; ended: it is over
             * @enum {string}
             */
            state: "pending" | "active" | "ended";
        };
        SilenceList: {
            items: components["schemas"]["Silence"][];
            nextCursor: string | null;
        };
        AuditEntry: {
            entryId: string;
            /** @description when it was answered */
            atUs: number;
            /** @description name of the token; null: none was asked for */
            caller: string | null;
            /** @description of the token */
            role: string | null;
            /** @description of the token; null: of none */
            tenant: string | null;
            /** @description what the change was about, or as far as the token reaches; empty: all */
            clusters: string[];
            /** @description where the request came from */
            address: string;
            /** @description operationId of the operation */
            action: string;
            /** @description what was to be changed; null: not known */
            subject: string | null;
            /**
             * @description refused: for want of a right, or because the request was wrong; failed: our fault, and whether it took effect is not known
             * @enum {string}
             */
            outcome: "done" | "refused" | "failed";
            /** @description of the HTTP answer */
            status: number;
            /** @description of the problem; null: none */
            code: string | null;
            /** @description X-Request-Id, as it is in the log of the API */
            requestId: string;
            /** @description as it was; null: it was not there, or nothing changed */
            before: {
                [key: string]: unknown;
            } | null;
            /** @description as it is now; null: it is gone, or nothing changed */
            after: {
                [key: string]: unknown;
            } | null;
        };
        AuditList: {
            items: components["schemas"]["AuditEntry"][];
            nextCursor: string | null;
        };
        Agent: {
            cluster: string;
            node: string;
            /** @description changes with every boot of the node */
            bootId: string;
            /** @description when the collector last heard of this agent */
            lastSeenUs: number;
            losses: components["schemas"]["Losses"];
            /** @description addresses of the node, from its interfaces */
            addresses: {
                ip: string;
                ifname: string;
            }[];
            /** @description what the agent found out about its node; null: it did not tell */
            facts: {
                /** @description release, as uname -r */
                kernel: string;
                /** @description which data plane runs here */
                kubeProxy: {
                    /** @description null: not known */
                    mode: ("iptables" | "nftables" | "ipvs") | null;
                    /** @description what was looked at, and what was found */
                    note: string;
                };
                sysctls: {
                    name: string;
                    value: string;
                }[];
                source?: {
                    /**
                     * @description conntrack: eBPF cannot be had or is not wanted; the agent is degraded
                     * @enum {string}
                     */
                    name: "ebpf" | "conntrack";
                    /** @description what is not seen, each with the reason */
                    missing: {
                        feature: string;
                        note: string;
                    }[];
                };
                /** @description containers of Pods that run on the node */
                containers: number;
            } | null;
            lossesSinceUs: number;
            /** @description not heard of for 20 s: what happens on this node is not seen at present */
            isSilent: boolean;
        };
        AgentList: {
            items: components["schemas"]["Agent"][];
            nextCursor: string | null;
        };
        TopologyItem: {
            /** @description empty: told without a cluster, for all that have no topology */
            cluster: string;
            /**
             * @description AgentNode: what the agent found out about its node; HealthCheck (service@node): what it heard at a healthCheckNodePort, known until earliestToUs
             * @enum {string}
             */
            kind: "Node" | "Pod" | "Service" | "EndpointSlice" | "Ingress" | "Gateway" | "HTTPRoute" | "ConfigMap" | "AgentNode" | "HealthCheck";
            namespace: string;
            name: string;
            /** @description so from here on; null: as long as anybody knows */
            validFromUs: number | null;
            /** @description it became so between here and validFromUs; equal: observed; null: not known */
            earliestFromUs: number | null;
            /** @description until here, exclusive; null: still so */
            validToUs: number | null;
            /** @description it ended between here and validToUs */
            earliestToUs: number | null;
            /**
             * @description who said so; list: what was between two lists is not known
             * @enum {string}
             */
            source: "watch" | "list" | "file" | "post" | "agent";
            /** @description metadata.resourceVersion; empty: not known */
            revision: string;
            /** @description the parts of the object that hoptrace reads, as Kubernetes names them */
            object: {
                [key: string]: unknown;
            };
        };
        TopologyList: {
            /** @description as of when; the pages of one list are of one time */
            atUs: number;
            /** @description in order of cluster, kind, namespace and name */
            items: components["schemas"]["TopologyItem"][];
            nextCursor: string | null;
        };
        Change: {
            /** @description from then on it was so */
            atUs: number;
            /** @description it became so between here and atUs; equal: observed; null: not known */
            earliestAtUs: number | null;
            /** @enum {string} */
            kind: "policy" | "endpoints" | "health" | "service" | "node";
            cluster: string;
            namespace: string;
            /** @description of the Service where it is one of its endpoints or health checks, else of the object */
            name: string;
            /** @description such as externalTrafficPolicy; endpoints; health check: what a node said at its health check port; the object itself: exists */
            field: string;
            /** @description empty: it was not there */
            before: string;
            /** @description empty: it is no longer there */
            after: string;
            /** @description machines that it is about; empty: all */
            nodes: string[];
            text: string;
        };
        ChangeList: {
            fromUs: number;
            /** @description exclusive */
            toUs: number;
            /** @description newest first */
            items: components["schemas"]["Change"][];
            /** @description false: more states of objects held than were compared */
            isWhole: boolean;
            nextCursor: string | null;
        };
        ServiceGraph: {
            fromUs: number;
            /** @description exclusive */
            toUs: number;
            service: {
                namespace: string;
                name: string;
            };
            totals: {
                /** @description requests that the graph adds up */
                requests: number;
                /** @description their sum is `requests` */
                outcomes: {
                    [key: string]: number;
                };
                /** @description refused requests by cause */
                refusals: {
                    [key: string]: number;
                };
                /** @description requests with at least one extra hop */
                withExtraHops: number;
                /** @description hops between machines */
                crossings: number;
                /** @description requests of which a part was not seen */
                incomplete: number;
                /** @description stored paths of which the response was timed */
                responses: number;
                /** @description first request to first response, at the first tap that saw both; null: none was timed */
                responseP50Ns: number | null;
                responseP99Ns: number | null;
            };
            /** @description false: the range has more; the newest were taken */
            isWhole: boolean;
            parties: {
                id: string;
                /** @enum {string} */
                role: "client" | "load-balancer" | "node" | "ingress" | "app" | "pod" | "unknown";
                /** @description empty: no topology names it, or many stand behind it (clients) */
                name: string;
                /** @description machine; null: not known */
                node: string | null;
                /** @description zone of the machine; null: not known */
                zone: string | null;
                /** @description different addresses, at most 1000 are told apart */
                addresses: number;
                /** @description ports that were addressed, at most 16 */
                ports: number[];
                /** @description requests that touched it */
                requests: number;
            }[];
            /** @description the 2000 busiest, the busiest first */
            edges: {
                source: string;
                target: string;
                /** @enum {string} */
                kind: "network" | "nodeForward" | "proxy";
                requests: number;
                /** @description of them, from one machine to another */
                crossesNode: number;
                /** @description its ends are in different zones; null: not known */
                crossesZone: boolean | null;
                /** @description an allowed choice would have avoided this crossing */
                extra: number;
                /** @description whether it was extra is not known */
                notJudged: number;
                /** @description requests that ended here by a refusal */
                refused: number;
                /** @description no agent saw the hop arrive */
                unseen: number;
                /** @description round trips between two taps */
                measured: number;
                /** @description of those; null: none */
                medianNs: number | null;
                p99Ns: number | null;
                /** @description median of upper bounds, where one tap alone saw it; null: none */
                boundNs: number | null;
            }[];
            /** @description in path order */
            sightings: {
                /** @description how far along the path, from 0 */
                place: number;
                /**
                 * @description who received the connection
                 * @enum {string}
                 */
                role: "client" | "load-balancer" | "node" | "ingress" | "app" | "pod" | "unknown";
                /** @description whose address its socket showed, or who put it there by SNAT: a role; unknown: of nobody on the path; none: not observed */
                seenAs: string;
                /**
                 * @description can it learn the client
                 * @enum {string}
                 */
                visibility: "client" | "recoverable" | "hidden" | "unknown";
                /**
                 * @description how the address was rewritten on the way to it; none: no rewrite was recorded
                 * @enum {string}
                 */
                mechanism: "snat" | "tcpProxy" | "proxyProtocol" | "unknown" | "none";
                requests: number;
                /** @description the newest of them */
                pathId: string;
            }[];
            /** @description the most frequent first */
            scenarios: {
                /** @enum {string} */
                scenario: "direct" | "tcpLbWithoutProxy" | "proxyProtocol" | "preservedByLocal" | "rewrittenByCluster" | "headerOnly" | "forged" | "unknown";
                requests: number;
                /** @description of them, what the path says of the client holds */
                believable: number;
                /** @description of them, it does not */
                contradicted: number;
                /** @description what the newest of them says */
                text: string;
                /** @description what would change it; empty: nothing needs to */
                remedy: string;
                pathId: string;
            }[];
        };
        RefusalTimeline: {
            fromUs: number;
            /** @description exclusive */
            toUs: number;
            stepSeconds: number;
            /** @description those with the most refusals first; at most 200 */
            places: {
                /** @description machine that refused; null: not seen */
                node: string | null;
                /** @description port that was addressed */
                port: number;
                /** @description namespace/name, at most 8 */
                services: string[];
                refused: number;
                accepted: number;
                /** @description codes, at most 8 */
                causes: string[];
                /** @description its newest refusal, or its newest connection where none was */
                pathId: string;
                /** @description in order; a bucket without any is left out */
                buckets: {
                    startUs: number;
                    reset: number;
                    rejected: number;
                    dropped: number;
                    /** @description connections to the place that were not refused by it */
                    accepted: number;
                }[];
            }[];
            /** @description refusals before were not counted: there were too many */
            refusedSinceUs: number;
            /** @description accepted connections before were not counted */
            acceptedSinceUs: number;
        };
        Losses: {
            /** @description ring buffer reservations that failed in the kernel */
            ringEvents: number;
            /** @description loader frames that did not decode */
            badFrames: number;
            /** @description legs closed early because a table was full */
            evictedLegs: number;
            /** @description records dropped because the send queue was full */
            unsentRecords: number;
            /** @description of ringEvents: dropped SYNs and ICMP errors, so many refusals at most were not told; 0 also from agents that do not say */
            ringRefusals: number;
        };
        Overview: {
            fromUs: number;
            /** @description exclusive */
            toUs: number;
            /** @description paths that started in the window */
            paths: number;
            /** @description paths by outcome; their sum is `paths` */
            outcomes: {
                [key: string]: number;
            };
            /** @description hops between machines, of all paths together */
            crossings: number;
            /** @description paths with at least one extra hop */
            withExtraHops: number;
            /** @description stored paths that stand for others as well, which were shed in an overload (counts hold those, too); absent: none */
            weightedPaths?: number;
            /** @description the 1000 busiest services of the window; paths whose service is not known are left out */
            services: {
                namespace: string;
                name: string;
                port: string;
                paths: number;
                refused: number;
                withExtraHops: number;
            }[];
            /** @description nodes whose agent was heard of in the last 24 h; without any, no request can be known of */
            agents: {
                known: number;
                silent: number;
            };
        };
        /** @description quantiles are at most 1 % off */
        DurationStats: {
            /** @description durations that were measured */
            count: number;
            p50Ns: number;
            p95Ns: number;
            p99Ns: number;
        };
        ServiceTotals: {
            service: components["schemas"]["ServiceRef"];
            requests: number;
            /** @description their sum is `requests` */
            outcomes: {
                [key: string]: number;
            };
            /** @description refused requests by cause (see Refusal) */
            refusals: {
                [key: string]: number;
            };
            /** @description requests by how the client address fared (sourceVerdict.scenario) */
            clientAddress: {
                [key: string]: number;
            };
            extraHops: number;
            /** @description requests with at least one extra hop */
            withExtraHops: number;
            /** @description hops between machines */
            crossings: number;
            /** @description requests of which a part was not seen */
            incomplete: number;
            /** @description first request to first response, at the first tap that saw both; null: none was measured */
            response: components["schemas"]["DurationStats"] | null;
        };
        ServiceList: {
            fromUs: number;
            /** @description exclusive */
            toUs: number;
            /** @description end of the newest minute of the window that was counted; requests of later minutes are not in the counts yet. null: none was */
            countedUntilUs: number | null;
            /** @description the 1000 busiest */
            items: components["schemas"]["ServiceTotals"][];
            nextCursor: string | null;
        };
        RequestPoint: {
            startUs: number;
            requests: number;
            /** @description their sum is `requests` */
            outcomes: {
                [key: string]: number;
            };
            /** @description refused requests by cause (see Refusal) */
            refusals: {
                [key: string]: number;
            };
            /** @description requests by how the client address fared (sourceVerdict.scenario) */
            clientAddress: {
                [key: string]: number;
            };
            extraHops: number;
            /** @description requests with at least one extra hop */
            withExtraHops: number;
            /** @description hops between machines */
            crossings: number;
            /** @description requests of which a part was not seen */
            incomplete: number;
            /** @description first request to first response, at the first tap that saw both; null: none was measured */
            response: components["schemas"]["DurationStats"] | null;
        };
        HopPoint: {
            startUs: number;
            hops: number;
            /** @description hops that an allowed choice would have avoided */
            extra: number;
            /** @description round trip between two taps; null: none was measured */
            rtt: components["schemas"]["DurationStats"] | null;
            /** @description both ways for a request; null: none was measured */
            requestCost: components["schemas"]["DurationStats"] | null;
            /** @description what a request spent in the proxy in front of the hop; null: none was measured */
            proxyTime: components["schemas"]["DurationStats"] | null;
        };
        HopSeries: {
            /** @description place on the path, from 0 */
            index: number;
            kind: string;
            fromRole: string;
            toRole: string;
            points: components["schemas"]["HopPoint"][];
        };
        ServiceStats: {
            fromUs: number;
            /** @description exclusive */
            toUs: number;
            /** @description end of the newest minute of the window that was counted; requests of later minutes are not in the counts yet. null: none was */
            countedUntilUs: number | null;
            stepSeconds: number;
            /** @description in order; a point without requests is left out */
            points: components["schemas"]["RequestPoint"][];
            hops: components["schemas"]["HopSeries"][];
        };
        Readiness: {
            /** @enum {string} */
            status: "ready" | "notReady";
            /** @description names of the checks that failed */
            missing: string[];
            checks: {
                name: string;
                isReady: boolean;
                /** @description false: its lack is told but does not make the API unready */
                isRequired: boolean;
                text: string;
                remedy: string | null;
            }[];
        };
        Problem: {
            type: string;
            title: string;
            status: number;
            /** @description HOP_… */
            code: string;
            detail: string;
            errors?: {
                field: string;
                text: string;
                remedy: string;
            }[];
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    listPaths: {
        parameters: {
            query?: {
                /** @description default: 15 minutes before `to`. Write microseconds since the epoch (1767225600000000) or an instant with its offset (2026-01-01T00:00:00Z, 2026-01-01T01:00:00%2B01:00: in a URL a + is a blank). */
                from?: string;
                /** @description default: now; exclusive. Write microseconds since the epoch (1767225600000000) or an instant with its offset (2026-01-01T00:00:00Z, 2026-01-01T01:00:00%2B01:00: in a URL a + is a blank). */
                to?: string;
                /** @description Write the name of a cluster, as its agents tell it. */
                cluster?: string;
                /** @description Write namespace/name or namespace/name:port, such as shop/web or shop/web:http. */
                service?: string;
                /** @description Write one IPv4 or IPv6 address, such as 192.0.2.7 or 2001:db8::7. */
                client?: string;
                /** @description a machine on the path. Write the name of a node, such as node1. */
                node?: string;
                /** @description Write one of served, reset, rejected, dropped, unknown. */
                outcome?: "served" | "reset" | "rejected" | "dropped" | "unknown";
                /** @description at least so many extra hops. Write the least number of extra hops, such as 1. */
                extraHops?: string;
                /** @description Write A (witnessed), B (strong), C (inferred), D (ambiguous) or M (missing): the worst edge of the path. */
                class?: "A" | "B" | "C" | "D" | "M";
                /** @description at most 1000 of format json, 100000 of the others. Write a number from 1 to 1000 (100000 with format=ndjson or csv). */
                limit?: string;
                /** @description nextCursor of the page before. Write the nextCursor of the page before, unchanged, or leave it out for the first page. */
                cursor?: string;
                /** @description only these fields of each item. Write names of fields with commas between them, such as pathId,client.ip,hops.rtt.valueNs. */
                fields?: string;
                /** @description ndjson and csv are streamed. Write one of json, ndjson, csv. */
                format?: "json" | "ndjson" | "csv";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of paths */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PathList"];
                    "application/x-ndjson": string;
                    "text/csv": string;
                };
            };
            /** @description The request is at fault: `errors` names each field, and what to write instead */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API or its store is at fault; the log has the cause under the request id */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getPath: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description pathId of an item of a list, such as 0ftuxr6f400-3f1c9a5be0d24c77 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the path */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Path"];
                };
            };
            /** @description The request is at fault: `errors` names each field, and what to write instead */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API or its store is at fault; the log has the cause under the request id */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listRefusals: {
        parameters: {
            query?: {
                /** @description default: 15 minutes before `to`. Write microseconds since the epoch (1767225600000000) or an instant with its offset (2026-01-01T00:00:00Z, 2026-01-01T01:00:00%2B01:00: in a URL a + is a blank). */
                from?: string;
                /** @description default: now; exclusive. Write microseconds since the epoch (1767225600000000) or an instant with its offset (2026-01-01T00:00:00Z, 2026-01-01T01:00:00%2B01:00: in a URL a + is a blank). */
                to?: string;
                /** @description Write the name of a cluster, as its agents tell it. */
                cluster?: string;
                /** @description Write namespace/name or namespace/name:port, such as shop/web or shop/web:http. */
                service?: string;
                /** @description Write one IPv4 or IPv6 address, such as 192.0.2.7 or 2001:db8::7. */
                client?: string;
                /** @description a machine on the path. Write the name of a node, such as node1. */
                node?: string;
                /** @description at most 1000 of format json, 100000 of the others. Write a number from 1 to 1000 (100000 with format=ndjson or csv). */
                limit?: string;
                /** @description nextCursor of the page before. Write the nextCursor of the page before, unchanged, or leave it out for the first page. */
                cursor?: string;
                /** @description Write one of reset, rejected, dropped. */
                kind?: "reset" | "rejected" | "dropped";
                /** @description only these fields of each item. Write names of fields with commas between them, such as pathId,client.ip,hops.rtt.valueNs. */
                fields?: string;
                /** @description ndjson and csv are streamed. Write one of json, ndjson, csv. */
                format?: "json" | "ndjson" | "csv";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of refusals */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RefusalList"];
                    "application/x-ndjson": string;
                    "text/csv": string;
                };
            };
            /** @description The request is at fault: `errors` names each field, and what to write instead */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API or its store is at fault; the log has the cause under the request id */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getPathRoutes: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description pathId of a path */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the rules */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        pathId: string;
                        /** @description when the path began, and as of when the rules are */
                        atUs: number;
                        /** @description those whose endpoint the proxy connected to; empty: it went to no known endpoint */
                        services: {
                            namespace: string;
                            name: string;
                        }[];
                        /** @description all that lead to one of the services */
                        rules: {
                            /** @enum {string} */
                            kind: "Ingress" | "HTTPRoute";
                            namespace: string;
                            name: string;
                            /** @description null: any */
                            host: string | null;
                            /** @description null: any */
                            path: string | null;
                            /** @description as the object names it; empty: it names no path */
                            pathType: string;
                            /** @description where it leads to */
                            service: {
                                namespace: string;
                                name: string;
                            };
                            /** @description number or name; null: none is given */
                            port: string | null;
                        }[];
                        /** @description false: there were more objects than are read for one answer */
                        isWhole: boolean;
                        /** @description what can be said of the rule that the request matched: host and path are not seen */
                        text: string;
                    };
                };
            };
            /** @description The request is at fault: `errors` names each field, and what to write instead */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API or its store is at fault; the log has the cause under the request id */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listAgents: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description all agents */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AgentList"];
                };
            };
            /** @description The request is at fault: `errors` names each field, and what to write instead */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API or its store is at fault; the log has the cause under the request id */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getOverview: {
        parameters: {
            query?: {
                /** @description default: 15 minutes before `to`. Write microseconds since the epoch (1767225600000000) or an instant with its offset (2026-01-01T00:00:00Z, 2026-01-01T01:00:00%2B01:00: in a URL a + is a blank). */
                from?: string;
                /** @description default: now; exclusive. Write microseconds since the epoch (1767225600000000) or an instant with its offset (2026-01-01T00:00:00Z, 2026-01-01T01:00:00%2B01:00: in a URL a + is a blank). */
                to?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the counts */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Overview"];
                };
            };
            /** @description The request is at fault: `errors` names each field, and what to write instead */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API or its store is at fault; the log has the cause under the request id */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listIncidents: {
        parameters: {
            query?: {
                /** @description default: 15 minutes before `to`. Write microseconds since the epoch (1767225600000000) or an instant with its offset (2026-01-01T00:00:00Z, 2026-01-01T01:00:00%2B01:00: in a URL a + is a blank). */
                from?: string;
                /** @description default: now; exclusive. Write microseconds since the epoch (1767225600000000) or an instant with its offset (2026-01-01T00:00:00Z, 2026-01-01T01:00:00%2B01:00: in a URL a + is a blank). */
                to?: string;
                /** @description Write the name of a cluster, as its agents tell it. */
                cluster?: string;
                /** @description Write namespace/name or namespace/name:port, such as shop/web or shop/web:http. */
                service?: string;
                /** @description a machine on the path. Write the name of a node, such as node1. */
                node?: string;
                /** @description Write a number from 1 to 1000 (100000 with format=ndjson or csv). */
                limit?: string;
                /** @description nextCursor of the page before. Write the nextCursor of the page before, unchanged, or leave it out for the first page. */
                cursor?: string;
                /** @description Write one of reset, rejected, dropped. */
                kind?: "reset" | "rejected" | "dropped";
                /** @description Write a cause code, such as noLocalEndpoints. */
                cause?: string;
                /** @description refusals further apart than this are two incidents. Write seconds from 1 to 3600. */
                gapSeconds?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of incidents */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IncidentList"];
                };
            };
            /** @description The request is at fault: `errors` names each field, and what to write instead */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API or its store is at fault; the log has the cause under the request id */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getIncident: {
        parameters: {
            query?: {
                /** @description refusals further apart than this are two incidents. Write seconds from 1 to 3600. */
                gapSeconds?: string;
            };
            header?: never;
            path: {
                /** @description incidentId of an item of the list */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the incident */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Incident"];
                };
            };
            /** @description The request is at fault: `errors` names each field, and what to write instead */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API or its store is at fault; the log has the cause under the request id */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listLoadBalancers: {
        parameters: {
            query?: {
                /** @description as of when; default: now */
                at?: string;
                /** @description how far back health checks are told */
                sinceSeconds?: string;
                cluster?: string;
                service?: string;
                /** @description Write a number from 1 to 1000 (100000 with format=ndjson or csv). */
                limit?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the load balancers */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        atUs: number;
                        /** @description in order of cluster, namespace and service */
                        items: {
                            cluster: string;
                            namespace: string;
                            service: string;
                            loadBalancer: {
                                /** @enum {string} */
                                kind: "awsNetworkInstance" | "awsNetworkIp" | "awsClassic" | "azure" | "googleCloud" | "metalLb" | "digitalOcean" | "hetzner" | "openStack" | "linode" | "scaleway" | "oracle" | "other" | "unknown";
                                /** @description fields and annotations of the Service that say so */
                                knownBy: string[];
                                /** @description that clients dial, by status.loadBalancer.ingress */
                                addresses: string[];
                                hostnames: string[];
                                /** @description from which it reaches nodes (annotation hoptrace/load-balancer-addresses) */
                                sourceAddresses: string[];
                            };
                            healthCheckNodePort: number | null;
                            proxyProtocol: {
                                /** @description what the load balancer sends; null: untold */
                                sends: ("v1" | "v2" | "on" | "off") | null;
                                /** @description annotation that says so */
                                sendsBy: string | null;
                                /** @description what the Pods expect; optional: with a header or without; null: untold */
                                expects: ("on" | "off" | "optional") | null;
                                /** @description annotation, ConfigMap or argument that says so */
                                expectsBy: string | null;
                                /** @enum {string} */
                                agreement: "agree" | "sentNotExpected" | "expectedNotSent" | "notUsed" | "unknown";
                                text: string;
                                /** @description empty: nothing is to be done */
                                remedy: string;
                            };
                            /** @description with a health check or an endpoint */
                            nodes: {
                                node: string;
                                /** @description as last heard, at most 20 s before; unknown: longer ago */
                                now: {
                                    fromUs: number;
                                    /** @description exclusive */
                                    toUs: number;
                                    /**
                                     * @description what the agent of the node heard at the port; unknown: nobody asked, or no answer
                                     * @enum {string}
                                     */
                                    observed: "healthy" | "unhealthy" | "unknown";
                                    httpStatus: number | null;
                                    /** @description as kube-proxy counted them; null: not heard */
                                    localEndpoints: number | null;
                                    /**
                                     * @description what endpoints say it should be; none: the Service has no health check node port
                                     * @enum {string}
                                     */
                                    expected: "healthy" | "unhealthy" | "unknown" | "none";
                                    /** @description ready ones on this node; null: not known */
                                    expectedEndpoints: number | null;
                                    /** @description connections that enter here reach an endpoint; null: not known */
                                    isServed: boolean | null;
                                } | null;
                                history: {
                                    fromUs: number;
                                    /** @description exclusive */
                                    toUs: number;
                                    /**
                                     * @description what the agent of the node heard at the port; unknown: nobody asked, or no answer
                                     * @enum {string}
                                     */
                                    observed: "healthy" | "unhealthy" | "unknown";
                                    httpStatus: number | null;
                                    /** @description as kube-proxy counted them; null: not heard */
                                    localEndpoints: number | null;
                                    /**
                                     * @description what endpoints say it should be; none: the Service has no health check node port
                                     * @enum {string}
                                     */
                                    expected: "healthy" | "unhealthy" | "unknown" | "none";
                                    /** @description ready ones on this node; null: not known */
                                    expectedEndpoints: number | null;
                                    /** @description connections that enter here reach an endpoint; null: not known */
                                    isServed: boolean | null;
                                }[];
                                /** @description where observed and expected differ; empty: they do not */
                                finding: string;
                            }[];
                        }[];
                        /** @description all are on one page */
                        nextCursor: null;
                        /** @description false: more than limit */
                        isWhole: boolean;
                    };
                };
            };
            /** @description The request is at fault: `errors` names each field, and what to write instead */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API or its store is at fault; the log has the cause under the request id */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getMissing: {
        parameters: {
            query?: {
                /** @description default: 15 minutes before `to`. Write microseconds since the epoch (1767225600000000) or an instant with its offset (2026-01-01T00:00:00Z, 2026-01-01T01:00:00%2B01:00: in a URL a + is a blank). */
                from?: string;
                /** @description default: now; exclusive. Write microseconds since the epoch (1767225600000000) or an instant with its offset (2026-01-01T00:00:00Z, 2026-01-01T01:00:00%2B01:00: in a URL a + is a blank). */
                to?: string;
                /** @description Write the name of a cluster, as its agents tell it. */
                cluster?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description what is missing */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Missing"];
                };
            };
            /** @description The request is at fault: `errors` names each field, and what to write instead */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API or its store is at fault; the log has the cause under the request id */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    jaegerServices: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description namespace/name of each */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: string[];
                        total: number;
                        limit: number;
                        offset: number;
                        errors: null;
                    };
                };
            };
            /** @description The request is at fault: `errors` names each field, and what to write instead */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API or its store is at fault; the log has the cause under the request id */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    jaegerOperations: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                service: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description outcomes */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: string[];
                        total: number;
                        limit: number;
                        offset: number;
                        errors: null;
                    };
                };
            };
            /** @description The request is at fault: `errors` names each field, and what to write instead */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API or its store is at fault; the log has the cause under the request id */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    jaegerTraces: {
        parameters: {
            query?: {
                service?: string;
                operation?: string;
                tags?: string;
                start?: string;
                end?: string;
                /** @description left to start and end */
                lookback?: string;
                minDuration?: string | "";
                maxDuration?: string | "";
                limit?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description traces */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["JaegerTrace"][];
                        total: number;
                        limit: number;
                        offset: number;
                        errors: null;
                    };
                };
            };
            /** @description The request is at fault: `errors` names each field, and what to write instead */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API or its store is at fault; the log has the cause under the request id */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    jaegerTrace: {
        parameters: {
            query?: {
                start?: string;
                end?: string;
                raw?: "true" | "false";
                prettyPrint?: "true" | "false";
            };
            header?: never;
            path: {
                /** @description traceID of a trace, 32 hex digits */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the trace */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["JaegerTrace"][];
                        total: number;
                        limit: number;
                        offset: number;
                        errors: null;
                    };
                };
            };
            /** @description The request is at fault: `errors` names each field, and what to write instead */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API or its store is at fault; the log has the cause under the request id */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    jaegerDependencies: {
        parameters: {
            query?: {
                /** @description milliseconds since the epoch; default: now */
                endTs?: string;
                /** @description milliseconds; default: a day */
                lookback?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description edges */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: {
                            parent: string;
                            child: string;
                            callCount: number;
                        }[];
                        total: number;
                        limit: number;
                        offset: number;
                        errors: null;
                    };
                };
            };
            /** @description The request is at fault: `errors` names each field, and what to write instead */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API or its store is at fault; the log has the cause under the request id */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    watchPaths: {
        parameters: {
            query?: {
                /** @description Write the name of a cluster, as its agents tell it. */
                cluster?: string;
                /** @description Write namespace/name or namespace/name:port, such as shop/web or shop/web:http. */
                service?: string;
                /** @description Write one IPv4 or IPv6 address, such as 192.0.2.7 or 2001:db8::7. */
                client?: string;
                /** @description a machine on the path. Write the name of a node, such as node1. */
                node?: string;
                /** @description Write one of served, reset, rejected, dropped, unknown. */
                outcome?: "served" | "reset" | "rejected" | "dropped" | "unknown";
                /** @description at least so many extra hops. Write the least number of extra hops, such as 1. */
                extraHops?: string;
                /** @description Write A (witnessed), B (strong), C (inferred), D (ambiguous) or M (missing): the worst edge of the path. */
                class?: "A" | "B" | "C" | "D" | "M";
                /** @description cursor of the last message that arrived. Write the nextCursor of the page before, unchanged, or leave it out for the first page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the messages */
            101: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LiveMessage"];
                };
            };
            /** @description The request is at fault: `errors` names each field, and what to write instead */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API or its store is at fault; the log has the cause under the request id */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listAlerts: {
        parameters: {
            query?: {
                state?: "pending" | "firing" | "resolved";
                severity?: "info" | "warning" | "critical";
                /** @description id of a rule */
                rule?: string;
                service?: string;
                node?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the alerts */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AlertList"];
                };
            };
            /** @description The request is at fault: `errors` names each field, and what to write instead */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API or its store is at fault; the log has the cause under the request id */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listAlertRules: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the rules */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AlertRuleList"];
                };
            };
            /** @description The request is at fault: `errors` names each field, and what to write instead */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API or its store is at fault; the log has the cause under the request id */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listSilences: {
        parameters: {
            query?: {
                /** @description that hold in this cluster */
                cluster?: string;
                /** @description default: all that have not ended */
                state?: "pending" | "active" | "ended";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the silences */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SilenceList"];
                };
            };
            /** @description The request is at fault: `errors` names each field, and what to write instead */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API or its store is at fault; the log has the cause under the request id */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createSilence: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    match: {
                        [key: string]: string;
                    };
                    /** @description default: now */
                    startsAtUs?: number;
                    endsAtUs: number;
                    /** @description only alerts of these clusters; default: as far as the token reaches; empty: all */
                    clusters?: string[];
                    createdBy: string;
                    /** @description why, for whoever looks at it at night */
                    comment: string;
                };
            };
        };
        responses: {
            /** @description the silence */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Silence"];
                };
            };
            /** @description The request is at fault: `errors` names each field, and what to write instead */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API or its store is at fault; the log has the cause under the request id */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    endSilence: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                silenceId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the silence, which ends now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Silence"];
                };
            };
            /** @description The request is at fault: `errors` names each field, and what to write instead */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API or its store is at fault; the log has the cause under the request id */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listServices: {
        parameters: {
            query?: {
                /** @description default: 15 minutes before `to`. Write microseconds since the epoch (1767225600000000) or an instant with its offset (2026-01-01T00:00:00Z, 2026-01-01T01:00:00%2B01:00: in a URL a + is a blank). */
                from?: string;
                /** @description default: now; exclusive. Write microseconds since the epoch (1767225600000000) or an instant with its offset (2026-01-01T00:00:00Z, 2026-01-01T01:00:00%2B01:00: in a URL a + is a blank). */
                to?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the services */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServiceList"];
                };
            };
            /** @description The request is at fault: `errors` names each field, and what to write instead */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API or its store is at fault; the log has the cause under the request id */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getServiceStats: {
        parameters: {
            query?: {
                /** @description default: 15 minutes before `to`. Write microseconds since the epoch (1767225600000000) or an instant with its offset (2026-01-01T00:00:00Z, 2026-01-01T01:00:00%2B01:00: in a URL a + is a blank). */
                from?: string;
                /** @description default: now; exclusive. Write microseconds since the epoch (1767225600000000) or an instant with its offset (2026-01-01T00:00:00Z, 2026-01-01T01:00:00%2B01:00: in a URL a + is a blank). */
                to?: string;
                /** @description seconds of a point; default: 60 up to six hours, else 3600. Write seconds that divide an hour into whole minutes (60, 300, 900), or whole hours (3600, 86400). */
                step?: string;
                /** @description name of a port of the service; default: all. Write the name of a port of the service, such as http. */
                port?: string;
                /** @description first machine that the requests came to. Write the name of a node, such as node1. */
                entryNode?: string;
                /** @description namespace/pod of the first ingress. Write namespace/pod, such as ingress-nginx/controller-7d4f9. */
                ingress?: string;
            };
            header?: never;
            path: {
                /** @description namespace of the service, such as shop */
                namespace: string;
                /** @description name of the service, such as web */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the counts */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServiceStats"];
                };
            };
            /** @description The request is at fault: `errors` names each field, and what to write instead */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API or its store is at fault; the log has the cause under the request id */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listTopology: {
        parameters: {
            query?: {
                /** @description as of when; default: now. Write microseconds since the epoch (1767225600000000) or an instant with its offset (2026-01-01T00:00:00Z, 2026-01-01T01:00:00%2B01:00: in a URL a + is a blank). */
                at?: string;
                /** @description Write the name of a cluster, as its agents tell it. */
                cluster?: string;
                /** @description Write one of reset, rejected, dropped. */
                kind?: "Node" | "Pod" | "Service" | "EndpointSlice" | "Ingress" | "Gateway" | "HTTPRoute" | "ConfigMap" | "AgentNode" | "HealthCheck";
                /** @description Write the name of a namespace, such as shop. */
                namespace?: string;
                /** @description Write the name of an object, such as web. */
                name?: string;
                /** @description Write a number from 1 to 1000 (100000 with format=ndjson or csv). */
                limit?: string;
                /** @description nextCursor of the page before. Write the nextCursor of the page before, unchanged, or leave it out for the first page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of objects */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TopologyList"];
                };
            };
            /** @description The request is at fault: `errors` names each field, and what to write instead */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API or its store is at fault; the log has the cause under the request id */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getServiceGraph: {
        parameters: {
            query?: {
                /** @description default: 15 minutes before `to`. Write microseconds since the epoch (1767225600000000) or an instant with its offset (2026-01-01T00:00:00Z, 2026-01-01T01:00:00%2B01:00: in a URL a + is a blank). */
                from?: string;
                /** @description default: now; exclusive. Write microseconds since the epoch (1767225600000000) or an instant with its offset (2026-01-01T00:00:00Z, 2026-01-01T01:00:00%2B01:00: in a URL a + is a blank). */
                to?: string;
                /** @description Write the name of a cluster, as its agents tell it. */
                cluster?: string;
                /** @description name of a port of the service; default: all. Write the name of a port of the service, such as http. */
                port?: string;
                /** @description a machine on the path. Write the name of a node, such as node1. */
                node?: string;
            };
            header?: never;
            path: {
                /** @description namespace of the service, such as shop */
                namespace: string;
                /** @description name of the service, such as web */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the graph */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServiceGraph"];
                };
            };
            /** @description The request is at fault: `errors` names each field, and what to write instead */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API or its store is at fault; the log has the cause under the request id */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listChanges: {
        parameters: {
            query?: {
                /** @description default: 15 minutes before `to`. Write microseconds since the epoch (1767225600000000) or an instant with its offset (2026-01-01T00:00:00Z, 2026-01-01T01:00:00%2B01:00: in a URL a + is a blank). */
                from?: string;
                /** @description default: now; exclusive. Write microseconds since the epoch (1767225600000000) or an instant with its offset (2026-01-01T00:00:00Z, 2026-01-01T01:00:00%2B01:00: in a URL a + is a blank). */
                to?: string;
                /** @description Write the name of a cluster, as its agents tell it. */
                cluster?: string;
                /** @description changes of this Service and of its endpoints; default: of all, and of nodes. Write namespace/name or namespace/name:port, such as shop/web or shop/web:http. */
                service?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the changes */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChangeList"];
                };
            };
            /** @description The request is at fault: `errors` names each field, and what to write instead */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API or its store is at fault; the log has the cause under the request id */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getRefusalTimeline: {
        parameters: {
            query?: {
                /** @description default: 15 minutes before `to`. Write microseconds since the epoch (1767225600000000) or an instant with its offset (2026-01-01T00:00:00Z, 2026-01-01T01:00:00%2B01:00: in a URL a + is a blank). */
                from?: string;
                /** @description default: now; exclusive. Write microseconds since the epoch (1767225600000000) or an instant with its offset (2026-01-01T00:00:00Z, 2026-01-01T01:00:00%2B01:00: in a URL a + is a blank). */
                to?: string;
                /** @description Write the name of a cluster, as its agents tell it. */
                cluster?: string;
                /** @description Write namespace/name or namespace/name:port, such as shop/web or shop/web:http. */
                service?: string;
                /** @description a machine on the path. Write the name of a node, such as node1. */
                node?: string;
                /** @description seconds of a bucket; default: a round number that makes at most 90. Write seconds that divide an hour into whole minutes (60, 300, 900), or whole hours (3600, 86400). */
                step?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the timeline */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RefusalTimeline"];
                };
            };
            /** @description The request is at fault: `errors` names each field, and what to write instead */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API or its store is at fault; the log has the cause under the request id */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listAudit: {
        parameters: {
            query?: {
                /** @description default: 7 days before `to`. Write microseconds since the epoch (1767225600000000) or an instant with its offset (2026-01-01T00:00:00Z, 2026-01-01T01:00:00%2B01:00: in a URL a + is a blank). */
                from?: string;
                /** @description default: now; exclusive. Write microseconds since the epoch (1767225600000000) or an instant with its offset (2026-01-01T00:00:00Z, 2026-01-01T01:00:00%2B01:00: in a URL a + is a blank). */
                to?: string;
                /** @description name of a token. Write the name of a token, such as on-call. */
                caller?: string;
                /** @description tenant of a token. Write the name of a tenant, as the token file has it. */
                tenant?: string;
                /** @description about this cluster by name. Write the name of a cluster, as its agents tell it. */
                cluster?: string;
                /** @description operationId of an operation. Write the operationId of an operation, such as createSilence. */
                action?: string;
                /** @description what was to be changed. Write what was changed, such as the silenceId of a silence. */
                subject?: string;
                /** @description Write one of served, reset, rejected, dropped, unknown. */
                outcome?: "done" | "refused" | "failed";
                /** @description Write the X-Request-Id of an answer. */
                requestId?: string;
                /** @description nextCursor of the page before. Write the nextCursor of the page before, unchanged, or leave it out for the first page. */
                cursor?: string;
                /** @description at most 1000 of format json, 100000 of the others. Write a number from 1 to 1000 (100000 with format=ndjson or csv). */
                limit?: string;
                /** @description only these fields of each item. Write names of fields with commas between them, such as pathId,client.ip,hops.rtt.valueNs. */
                fields?: string;
                /** @description ndjson and csv are streamed. Write one of json, ndjson, csv. */
                format?: "json" | "ndjson" | "csv";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of entries */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditList"];
                    "application/x-ndjson": string;
                    "text/csv": string;
                };
            };
            /** @description The request is at fault: `errors` names each field, and what to write instead */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API or its store is at fault; the log has the cause under the request id */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getHealth: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description alive */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {string} */
                        status: "alive";
                    };
                };
            };
        };
    };
    getReadiness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description ready */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Readiness"];
                };
            };
            /** @description something required is missing */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Readiness"];
                };
            };
        };
    };
    getMetrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Prometheus text format */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            /** @description The request is at fault: `errors` names each field, and what to write instead */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API or its store is at fault; the log has the cause under the request id */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
