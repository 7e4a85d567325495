# One image for web, worker, beat, migrate and roles: only the command differs.
FROM python:3.11-slim-bookworm AS build
WORKDIR /app
ENV UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1
COPY scripts/uv.txt scripts/uv.txt
RUN python -m venv /opt/uv \
 && /opt/uv/bin/pip install --no-cache-dir --only-binary :all: --require-hashes -r scripts/uv.txt
COPY pyproject.toml uv.lock README.md ./
RUN /opt/uv/bin/uv sync --frozen --no-dev --no-cache
COPY . .
# Hashed static files belong to the code, so they are made with it. The values are never used.
RUN KASANE_STATIC_ROOT=/app/staticfiles \
    KASANE_SECRET_KEY=build-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJ \
    KASANE_HOSTS=localhost \
    DATABASE_URL=postgresql://build@localhost/build \
    REDIS_URL=redis://localhost:6379/0 \
    DJANGO_SETTINGS_MODULE=config.settings.production \
    .venv/bin/python manage.py collectstatic --no-input --verbosity 0

FROM python:3.11-slim-bookworm
RUN groupadd --system --gid 10001 kasane \
 && useradd --system --uid 10001 --gid kasane --no-create-home --home-dir /nonexistent kasane \
 && install --directory --owner=10001 --group=kasane --mode=0700 /seals
WORKDIR /app
COPY --from=build /app /app
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=config.settings.production \
    KASANE_STATIC_ROOT=/app/staticfiles
USER 10001:10001
EXPOSE 8000
CMD ["gunicorn", "config.wsgi:application", "--bind", "0.0.0.0:8000"]
