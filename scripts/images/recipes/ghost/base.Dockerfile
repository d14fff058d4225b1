FROM debian:bookworm-slim
RUN groupadd --gid 1000 node && useradd --uid 1000 --gid node --shell /bin/bash --create-home node \
 && apt-get -qq update && apt-get -qq install -y --no-install-recommends libstdc++6 libsqlite3-0 ca-certificates >/dev/null \
 && rm -rf /var/lib/apt/lists/*
