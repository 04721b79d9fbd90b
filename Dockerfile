# Postgres with authguard, to try it out. It installs the package, which is in target/packages after
#   cargo embed package --pg 18
# or after a download of the release's .deb file into that folder. Then: docker compose up --build
ARG PG=18
FROM postgres:${PG}-bookworm

ARG PG
ARG TARGETARCH
COPY target/packages/postgresql-${PG}-authguard_*_${TARGETARCH}.deb /tmp/
RUN dpkg --install /tmp/postgresql-*.deb && rm /tmp/postgresql-*.deb

CMD ["postgres", "-c", "shared_preload_libraries=authguard"]
