# The API with the web page. Build it from the root of the repository: docker build -f deploy/docker/api.Dockerfile -t hoptrace/api .
ARG NODE_IMAGE=docker.io/library/node:20.20.2-bookworm-slim
FROM ${NODE_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json ./
COPY domain/package.json domain/
COPY store/package.json store/
COPY collector/package.json collector/
COPY api/package.json api/
COPY api/web/package.json api/web/
COPY agent/package.json agent/
COPY cli/package.json cli/
COPY test/package.json test/
# The same for all images, so that it is done once. Without the embedded database (540 MB): these use a server. The secret
# is for networks whose proxy has a certificate authority of its own: --secret id=npm_ca,src=FILE.
RUN --mount=type=secret,id=npm_ca,target=/run/npm-ca.pem,required=false \
    npm pkg delete optionalDependencies -w store && \
    NODE_EXTRA_CA_CERTS=/run/npm-ca.pem npm_config_cafile= \
    npm ci --ignore-scripts --no-fund --no-audit -w collector -w api -w api/web -w agent
COPY tsconfig.base.json ./
COPY scripts scripts
COPY domain domain
COPY store store
COPY api api
COPY grafana-plugin/src/view grafana-plugin/src/view
RUN node node_modules/vite/bin/vite.js build api/web --logLevel warn && \
    node --import tsx scripts/bundleServices.ts api /out

FROM ${NODE_IMAGE}
COPY --from=build --chown=0:0 /out/ /app/
COPY deploy/docker/healthcheck.mjs /app/
ENV NODE_ENV=production
USER 1000:1000
WORKDIR /app
EXPOSE 7040
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=6 CMD ["node", "/app/healthcheck.mjs", "http://127.0.0.1:7040/readyz"]
ENTRYPOINT ["node", "--max-semi-space-size=8", "/app/api/src/main.mjs"]
