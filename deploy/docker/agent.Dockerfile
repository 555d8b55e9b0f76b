# The node agent: node, its loader, its eBPF object, and nothing else; no shell, no package manager.
# Build it from the root of the repository: docker build -f deploy/docker/agent.Dockerfile -t hoptrace/agent .
# It needs CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN, the network and the process namespace of its host (docs/deploy.md).
ARG DEBIAN_IMAGE=docker.io/library/debian:bookworm-slim
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
COPY agent agent
RUN node --import tsx scripts/bundleServices.ts agent /out
# node and the libraries it is linked with, where the dynamic loader looks for them.
RUN mkdir -p /rootfs/usr/bin /rootfs/tmp && chmod 1777 /rootfs/tmp && cp -L "$(command -v node)" /rootfs/usr/bin/node && \
    ldd /rootfs/usr/bin/node | grep -o '/[^ ]*' | sort -u | while read -r library; do \
      mkdir -p "/rootfs$(dirname "$library")" && cp -L "$library" "/rootfs$library"; done

FROM ${DEBIAN_IMAGE} AS native
RUN apt-get update -q && apt-get install -y -q --no-install-recommends \
    clang llvm gcc libc6-dev libbpf-dev libelf-dev libmnl-dev zlib1g-dev
WORKDIR /src
COPY scripts/build-agent.sh scripts/
COPY agent/bpf agent/bpf
# With the libraries that the loader is linked with; of libmnl there is no static one in Debian.
RUN bash scripts/build-agent.sh --force && \
    ldd agent/build/hoptrace-loader | grep -o '/[^ ]*' | sort -u | while read -r library; do \
      mkdir -p "/rootfs$(dirname "$library")" && cp -L "$library" "/rootfs$library"; done

FROM scratch
COPY --from=native /rootfs/ /
COPY --from=build /rootfs/ /
COPY --from=build /out/ /app/
COPY --from=native /src/agent/build/hop.bpf.o /src/agent/build/hoptrace-loader /app/agent/build/
COPY deploy/docker/healthcheck.mjs /app/
ENV NODE_ENV=production MALLOC_ARENA_MAX=2 PATH=/usr/bin
WORKDIR /app
STOPSIGNAL SIGTERM
# Not USER: Docker and Kubernetes give added capabilities to user 0 alone. Drop all others (docs/deploy.md).
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=6 CMD ["/usr/bin/node", "/app/healthcheck.mjs", "http://127.0.0.1:7043/readyz"]
# The flags of agent/build/hoptrace-agent; a test keeps them equal.
ENTRYPOINT ["/usr/bin/node", "--max-semi-space-size=2", "--max-old-space-size=160", "--heap-growing-percent=20", "--v8-pool-size=1", "/app/agent/src/main.mjs"]
