# notifier as a container, built in two stages from the locked packages. docs/operating.md,
# "Install as a container", has the steps.
#
# Secrets are files in /run/secrets named like the variable in lower case (notifier_token),
# readable by user 10001.
# `docker compose kill -s HUP notifier` takes up changed rules; `docker compose exec notifier
# notifier status` tells how it goes. To let Prometheus in from outside, set NOTIFIER_HTTP=0.0.0.0:8787.

ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
WORKDIR /src
RUN python3 -m venv /opt/notifier
COPY requirements.txt requirements-build.txt ./
RUN /opt/notifier/bin/pip install --no-cache-dir --require-hashes \
        -r requirements.txt -r requirements-build.txt
COPY pyproject.toml README.md LICENSE ./
COPY notifier ./notifier
# What the locked packages leave out: `--build-arg EXTRAS=postgresql`, or several with commas.
ARG EXTRAS=
RUN /opt/notifier/bin/pip install --no-cache-dir --no-deps --no-build-isolation . \
    && if [ -n "$EXTRAS" ]; then \
        /opt/notifier/bin/pip install --no-cache-dir --no-build-isolation ".[$EXTRAS]"; fi

FROM ${BASE}
RUN groupadd --system --gid 10001 notifier \
    && useradd --system --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin \
        notifier \
    && install -d -o notifier -g notifier -m 0700 /var/lib/notifier
COPY --from=build /opt/notifier /opt/notifier
ENV PATH=/opt/notifier/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    NOTIFIER_RULES=/etc/notifier/rules \
    NOTIFIER_DATABASE=/var/lib/notifier/notifier.db \
    NOTIFIER_HTTP=127.0.0.1:8787
USER 10001:10001
WORKDIR /var/lib/notifier
VOLUME /var/lib/notifier
# Alive, not ready: a restart mends no upstream and no destination.
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s \
    CMD ["python3", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8787/healthz', timeout=5)"]
ENTRYPOINT ["notifier"]
CMD ["run"]
