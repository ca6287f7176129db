# Images of the API and of the worker. Neither holds anything of client/.
FROM node:22-slim AS build
WORKDIR /taciturn
COPY package.json package-lock.json .npmrc tsconfig.base.json ./
RUN npm ci --ignore-scripts
COPY shared shared
COPY api api
COPY worker worker
RUN npx tsc -b api worker && npm prune --omit=dev --ignore-scripts

FROM node:22-slim AS base
WORKDIR /taciturn
ENV NODE_ENV=production
COPY --from=build /taciturn/package.json ./
COPY --from=build /taciturn/node_modules node_modules
COPY --from=build /taciturn/dist/shared dist/shared
RUN mkdir /spool && chown node /spool
USER node

FROM base AS api
COPY --from=build /taciturn/dist/api dist/api
CMD ["node", "dist/api/main.js"]

FROM base AS worker
COPY --from=build /taciturn/dist/worker dist/worker
CMD ["node", "dist/worker/main.js"]
