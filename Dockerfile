# The program with its templates and fonts. Mount a project folder at /work:
#
#   docker build --tag testamur .
#   docker run --rm --user "$(id -u)" --volume "$PWD:/work" testamur --help
#
# A release replaces the stage `build` by its unpacked archives (scripts/push-image.sh), so the
# image and the archives hold the same program.

FROM rust:1.95.0-bookworm AS build
WORKDIR /src
COPY . .
ARG TARGETARCH
RUN scripts/docker-build.sh "/$TARGETARCH"

# glibc, libgcc and the CA certificates, without a shell.
FROM gcr.io/distroless/cc-debian12:nonroot
LABEL org.opencontainers.image.source="https://github.com/testamur/testamur" \
    org.opencontainers.image.licenses="Apache-2.0"
ARG TARGETARCH
COPY --from=build /$TARGETARCH/bin /usr/local/bin
COPY --from=build /$TARGETARCH/share /usr/local/share
# The user `nonroot`, who also owns /work if nothing is mounted there.
USER 65532:65532
WORKDIR /work
ENTRYPOINT ["/usr/local/bin/testamur"]
