# The collector. Build it from the root of the repository: docker build -f deploy/docker/collector.Dockerfile -t hoptrace/collector .
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
COPY collector collector
RUN node --import tsx scripts/bundleServices.ts collector /out

FROM ${NODE_IMAGE}
COPY --from=build --chown=0:0 /out/ /app/
COPY deploy/docker/healthcheck.mjs /app/
# Its log lies in a volume, which takes its owner from here.
RUN mkdir -p /var/lib/hoptrace && chown 1000:1000 /var/lib/hoptrace
ENV NODE_ENV=production HOPTRACE_DATA_DIR=/var/lib/hoptrace
USER 1000:1000
WORKDIR /app
EXPOSE 7041
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=6 CMD ["node", "/app/healthcheck.mjs", "http://127.0.0.1:7041/readyz"]
ENTRYPOINT ["node", "--max-semi-space-size=8", "/app/collector/src/main.mjs"]
