# As the official image: user 999, its data made at the first start, from the environment.
FROM clew-test-stores
ENV PGDATA=/var/lib/postgresql/data PATH=/usr/lib/postgresql/17/bin:/usr/bin:/bin
RUN echo 'store:x:999:999::/tmp:/bin/sh' >> /etc/passwd \
    && mkdir -p "$PGDATA" && chown 999:999 "$PGDATA" && chmod 1777 "$PGDATA"
USER 999:999
STOPSIGNAL SIGINT
VOLUME ["/var/lib/postgresql/data"]
ENTRYPOINT ["sh", "-ec", "\
if [ ! -s $PGDATA/PG_VERSION ]; then \
  printf %s \"$POSTGRES_PASSWORD\" > /tmp/password; \
  initdb --encoding=UTF8 --username=$POSTGRES_USER --pwfile=/tmp/password --auth=scram-sha-256; \
  echo 'host all all all scram-sha-256' >> $PGDATA/pg_hba.conf; \
  pg_ctl -w start -o '-c listen_addresses='; \
  PGPASSWORD=$POSTGRES_PASSWORD createdb -h /var/run/postgresql -U $POSTGRES_USER $POSTGRES_USER; \
  pg_ctl -w stop; \
fi; \
exec postgres -c listen_addresses='*'"]
