# An image with php-fpm and rsso, and one stage that builds it. From the repository's root:
#   docker build -t rsso .        (or: buildah bud -t rsso .)
# Sessions lie in /var/lib/rsso unless RSSO's directives say otherwise: mount a volume there, or set rsso.dsn.

FROM debian:bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends make ca-certificates
WORKDIR /rsso
COPY . .
RUN make build

FROM debian:bookworm
RUN apt-get update \
    && apt-get install -y --no-install-recommends php8.2-fpm php8.2-cli \
    && rm -rf /var/lib/apt/lists/* \
    && install -d -o www-data -g www-data -m 0700 /var/lib/rsso
COPY --from=build /rsso/target/release/librsso.so /usr/lib/php/20220829/rsso.so
COPY --from=build /rsso/target/release/rsso /usr/local/bin/rsso
COPY rsso.ini /etc/php/8.2/mods-available/rsso.ini
RUN phpenmod rsso \
    && printf '%s\n' 'session.save_handler = rsso' 'session.save_path = /var/lib/rsso' \
        'session.use_strict_mode = 1' >/etc/php/8.2/mods-available/rsso-defaults.ini \
    && phpenmod rsso-defaults \
    && sed -i -e 's|^listen = .*|listen = 9000|' /etc/php/8.2/fpm/pool.d/www.conf \
    && php -r 'exit(extension_loaded("rsso") ? 0 : 1);'
VOLUME /var/lib/rsso
EXPOSE 9000
CMD ["php-fpm8.2", "--nodaemonize"]
