# One image for coordinator and worker: Debian 13 with LibTorch 2.6.
FROM debian:trixie-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends \
      ca-certificates git g++ cmake ninja-build mold pkg-config nodejs npm \
      libtorch-dev libdnnl-dev libopenblas-dev libboost-dev libboost-json-dev libboost-url-dev \
      libpqxx-dev libpq-dev libarchive-dev libjpeg62-turbo-dev libpng-dev prometheus-cpp-dev libtomlplusplus-dev cppzmq-dev libzmq3-dev libcli11-dev libspdlog-dev libfmt-dev libssl-dev \
      zlib1g-dev libmimalloc-dev libhwloc-dev libpagmo-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /espalier
COPY web/package.json web/package-lock.json web/.npmrc web/
RUN cd web && npm ci --no-audit --no-fund
COPY . .
RUN cmake --preset release -DBUILD_TESTING=OFF && ninja -C build/release \
    && cd web && npm run --silent build -- /espalier/build/release/share/espalier/web

FROM debian:trixie-slim
RUN apt-get update && apt-get install -y --no-install-recommends \
      libtorch2.6 libboost-json1.83.0 libboost-url1.83.0 libpqxx-7.10 libzmq5 libspdlog1.15 libfmt10 libssl3t64 \
      libmimalloc3 libhwloc15 zlib1g libjpeg62-turbo libpng16-16t64 libarchive13t64 'libprometheus-cpp-core*' curl dataset-fashion-mnist \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --create-home --home-dir /var/lib/espalier espalier
COPY --from=build /espalier/build/release/bin/ /usr/lib/espalier/bin/
COPY --from=build /espalier/build/release/share/ /usr/lib/espalier/share/
ENV PATH=/usr/lib/espalier/bin:$PATH
USER espalier
WORKDIR /var/lib/espalier
CMD ["espalier-coordinator", "--help"]
