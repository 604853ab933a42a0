# Builds with everything, ships with the runtime alone.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json ./
COPY protos ./protos
COPY src ./src
RUN npm run build && npm prune --omit=dev

FROM node:24-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json README.md LICENSE ./
COPY protos ./protos
# The image's user "node", by number, so that a host can check that it is not root.
USER 1000:1000
EXPOSE 8000 8001 8002
HEALTHCHECK --interval=10s --timeout=6s --start-period=60s \
  CMD ["node", "dist/src/cli/main.js", "health", "--address=localhost:8001"]
# V8 gets as many helper threads as there are cores beside the main thread, not Node's four (ARCHITECTURE.md, "Threads").
ENTRYPOINT ["node", "--v8-pool-size=0", "dist/src/cli/main.js"]
CMD ["serve", "--model-repository=/models"]
