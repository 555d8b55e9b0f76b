# Grafana with the hoptrace app and its provisioning. Build it from the root of the repository:
#   docker build -f deploy/docker/grafana.Dockerfile -t hoptrace/grafana .
# --build-arg PLUGIN=prebuilt takes grafana-plugin/dist as npm run grafana:build left it, instead of building it anew.
ARG NODE_IMAGE=docker.io/library/node:20.20.2-bookworm-slim
ARG GRAFANA_IMAGE=docker.io/grafana/grafana:13.2.2
FROM ${NODE_IMAGE} AS plugin
ARG PLUGIN=source
WORKDIR /src
COPY grafana-plugin grafana-plugin
COPY domain domain
RUN --mount=type=secret,id=npm_ca,target=/run/npm-ca.pem,required=false \
    if [ "$PLUGIN" = prebuilt ]; then test -f grafana-plugin/dist/module.js && exit 0; \
      echo 'grafana-plugin/dist is missing: npm run grafana:build' >&2; exit 1; fi; \
    cd grafana-plugin && rm -rf dist && \
    NODE_EXTRA_CA_CERTS=/run/npm-ca.pem npm ci --ignore-scripts --no-fund --no-audit && npm run --silent build

FROM ${GRAFANA_IMAGE}
USER root
# The app lies in the image, so that it follows its version; what Grafana writes lies in a volume.
RUN mkdir -p /var/lib/grafana/data && chown 472:0 /var/lib/grafana/data
COPY --from=plugin /src/grafana-plugin/dist/ /var/lib/grafana/plugins/hoptrace-hoptrace-app/
COPY deploy/grafana/provisioning/ /etc/grafana/provisioning/
ENV GF_PATHS_PLUGINS=/var/lib/grafana/plugins GF_PATHS_DATA=/var/lib/grafana/data \
    GF_PLUGINS_ALLOW_LOADING_UNSIGNED_PLUGINS=hoptrace-hoptrace-app,hoptrace-hoptrace-datasource,hoptrace-hoppath-panel,hoptrace-pathgraph-panel
USER 472
