# syntax=docker/dockerfile:1

FROM python:3.13-slim AS base
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin target

FROM base AS build
RUN apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY constraints.txt ./
RUN python -m venv /opt/venv
COPY pyproject.toml setup.py MANIFEST.in README.md LICENSE ./
COPY target_oracle ./target_oracle
RUN /opt/venv/bin/pip install -c constraints.txt . && /opt/venv/bin/python -m compileall -q /opt/venv
# An install goes on where the compiled part fails; an image does not. -I: not the sources that lie here.
RUN /opt/venv/bin/python -I -c "import target_oracle._columns"

# `docker build --target test .` checks the code where there is an engine; nothing of it is in the image.
FROM base AS test
RUN apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev make && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN make test-unit

FROM base AS run
LABEL org.opencontainers.image.title="target-oracle" \
      org.opencontainers.image.description="Singer target for Oracle Database" \
      org.opencontainers.image.licenses="MIT"
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
USER 10001:10001
WORKDIR /tmp
STOPSIGNAL SIGTERM
# With settings in a file: docker run --health-cmd "target-oracle --config FILE --check".
HEALTHCHECK --interval=5m --timeout=60s --start-period=30s CMD ["target-oracle", "--config", "ENV", "--check"]
ENTRYPOINT ["target-oracle"]
