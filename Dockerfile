# The image of TFC Auth: `docker build --tag localhost/tfc-auth .` docs/containers.md tells how to run it.

# Any Debian or Ubuntu whose python3 is 3.11 or newer.
ARG BASE=docker.io/library/debian:bookworm-slim

# ---------------------------------------------------------------- what both stages share

FROM ${BASE} AS python
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends ca-certificates python3 tzdata \
    && rm -rf /var/cache/apt/* /var/cache/debconf/* /var/cache/ldconfig/* /var/lib/apt/lists/* /var/log/apt /var/log/*.log \
    && find / -xdev -type f -perm /6000 -exec chmod a-s {} +

# ---------------------------------------------------------------- packages, static files, compiled code

FROM python AS build
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends python3-venv
WORKDIR /opt/tfc-auth
COPY requirements.txt ./
# pip stays outside the environment that it fills. An index of your own: --secret id=pip,src=pip.conf
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    python3 -m venv /opt/pip \
    && python3 -m venv --without-pip .venv \
    && /opt/pip/bin/pip --python .venv/bin/python install --quiet --disable-pip-version-check --no-cache-dir \
        --no-compile --only-binary :all: --require-hashes --requirement requirements.txt
COPY . ./
# The keys are those of this one command; static files do not depend on them.
RUN SECRET_KEY=collectstatic ENCRYPTION_KEYS=collectstatic-encrypts-nothing-at-all \
        STATIC_DIR=/opt/tfc-auth/collected-static PYTHONDONTWRITEBYTECODE=1 \
        .venv/bin/python manage.py collectstatic --noinput --verbosity 0
# Compiled files that Python takes without looking at dates, which builders change. The builder's umask must not
# decide who can read the code.
ARG VERSION=0.2.0
RUN grep --line-regexp --fixed-strings --quiet "version = \"${VERSION}\"" pyproject.toml \
    || { echo "VERSION=${VERSION} is not the version of pyproject.toml"; exit 1; } \
    && .venv/bin/python -m compileall -q -f --invalidation-mode unchecked-hash . \
    && chmod --recursive u=rwX,go=rX .

# ---------------------------------------------------------------- the image

FROM python
ARG VERSION=0.2.0
LABEL org.opencontainers.image.title="TFC Auth" \
      org.opencontainers.image.description="Accounts, two-factor authentication and organizations in the manner of Terraform Cloud" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="MIT"
RUN groupadd --gid 10001 tfc-auth \
    && useradd --uid 10001 --gid 10001 --home-dir /opt/tfc-auth --no-create-home --shell /usr/sbin/nologin tfc-auth \
    && install --directory --mode 0755 /opt/tfc-auth \
    && install --directory --mode 0700 --owner 10001 --group 10001 /opt/tfc-auth/var /opt/tfc-auth/metrics
COPY --from=build /opt/tfc-auth /opt/tfc-auth
# gunicorn listens on 0.0.0.0:PORT and starts WEB_CONCURRENCY processes.
ENV PATH=/opt/tfc-auth/.venv/bin:/usr/local/bin:/usr/bin:/bin \
    METRICS_DIR=/opt/tfc-auth/metrics \
    PORT=8000 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    STATIC_DIR=/opt/tfc-auth/collected-static \
    WEB_CONCURRENCY=3
WORKDIR /opt/tfc-auth
USER 10001:10001
EXPOSE 8000
# Alive, not ready: a database that is away is not mended by another start.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-Ic", "import http.client, os, sys; web = http.client.HTTPConnection('127.0.0.1', int(os.environ['PORT']), timeout=4); web.request('GET', '/healthz'); sys.exit(web.getresponse().status != 200)"]
CMD ["gunicorn", "--config", "python:tfc_auth.server", "--worker-tmp-dir", "/dev/shm", "tfc_auth.wsgi"]
