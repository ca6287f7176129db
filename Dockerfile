# The API and the worker, each an image of its own. Neither runs anything of client/, so neither can open what it stores;
# the API hands the web app's built files to browsers.
#   docker build --target api .      docker build --target worker .

FROM node:22-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --omit=optional
COPY tsconfig.base.json ./
COPY shared shared
COPY api api
COPY worker worker
# For the verifier alone, a file that goes with every production: nothing that runs here loads it.
COPY client client
COPY verify verify
COPY scripts/bundle-verifier.mjs scripts/
RUN node node_modules/typescript/bin/tsc -b api worker verify verify/page \
  && node scripts/bundle-verifier.mjs \
  && npm prune --ignore-scripts --omit=dev --omit=optional \
  && rm -rf node_modules/typescript node_modules/ffmpeg-static

FROM node:22-bookworm-slim AS web
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.base.json ./
COPY shared/protocol shared/protocol
COPY client client
COPY scripts/build-web.mjs scripts/
RUN node scripts/build-web.mjs

FROM node:22-bookworm-slim AS service
ENV NODE_ENV=production TACITURN_DATA=/data
WORKDIR /app
RUN install -d -o node -g node -m 700 /data /data/spool
COPY --from=build /build/package.json ./
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/dist/shared dist/shared
USER node

FROM service AS api
COPY --from=build /build/dist/api dist/api
COPY --from=web /build/dist/web dist/web
ENV HOST=0.0.0.0 PORT=8080
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/readyz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/api/main.js"]

# taciturn-admin is in here too: docker compose exec worker node dist/worker/admin/main.js holdings
FROM service AS worker
COPY --from=build /build/dist/worker dist/worker
CMD ["node", "dist/worker/main.js"]
