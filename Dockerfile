# 督办 Duban for production. Nothing is fetched when the container starts: front end and packages are in the image.

FROM node:24-bookworm-slim AS front-end
WORKDIR /duban
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
# The icons' names stand in templates, modules and process folders, so the build reads those too.
COPY app app
COPY bpmn bpmn
COPY templates templates
COPY static static
RUN node static/build.mjs

FROM python:3.11-slim-bookworm AS packages
WORKDIR /duban
COPY requirements.txt ./
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt

FROM python:3.11-slim-bookworm
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONPATH=/duban \
    PYTHONUNBUFFERED=1 \
    DUBAN_ENV=production \
    DUBAN_HOME=/data \
    DUBAN_PORT=5000
RUN useradd --system --uid 10001 --home-dir /data --create-home duban \
    && install --directory --owner=10001 --mode=0750 /backups
WORKDIR /duban
COPY --from=packages /venv /venv
COPY app app
COPY bpmn bpmn
COPY templates templates
COPY static static
COPY --from=front-end /duban/static/dist static/dist
# Compiled here, since nobody may write it later: each start would compile five hundred files anew.
RUN python -m compileall -q app
USER 10001
VOLUME ["/data", "/backups"]
EXPOSE 5000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"DUBAN_PORT\"]}/healthz?of=web', timeout=4)"]
ENTRYPOINT ["python", "-m", "app.cli"]
CMD ["serve", "--host", "0.0.0.0"]
