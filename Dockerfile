# The release in an image: docker build -t prime-backup-bridge .
#
#   docker run -d --name bridge --restart unless-stopped --read-only \
#     -v ./config.json:/bridge/config.json:ro -v bridge-data:/bridge/data prime-backup-bridge
#
# The game server's address is seen from the container: 127.0.0.1 is the container itself. On Linux, --network host makes
# it the machine. To follow MCDReforged's log, mount its folder too: -v /opt/mcdr:/opt/mcdr:ro
ARG NODE_IMAGE=node:24

# What is built is the same for every processor. Not Alpine: the npm package `node`, which the scripts run by, needs glibc.
FROM --platform=$BUILDPLATFORM ${NODE_IMAGE}-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build

FROM ${NODE_IMAGE}-alpine
COPY --from=build /build/dist /app
COPY docker/health.mjs /app/health.mjs
RUN mkdir -p /bridge/data && chown -R node:node /bridge && ln -s /app/cli.js /usr/local/bin/pb-bridge
USER node
WORKDIR /bridge
VOLUME /bridge/data
# Healthy is: the bridge answers on its control socket.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["node", "/app/health.mjs", "/bridge/data/control.sock"]
ENTRYPOINT ["node", "--max-semi-space-size=1", "/app/cli.js"]
CMD ["run", "--config", "/bridge/config.json"]
