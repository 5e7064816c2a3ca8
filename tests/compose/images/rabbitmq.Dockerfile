# As the official image: user 999, everything that it keeps in /var/lib/rabbitmq, logs on stdout.
FROM clew-test-stores
ENV PATH=/usr/lib/rabbitmq/bin:/usr/bin:/bin HOME=/var/lib/rabbitmq LANG=C.UTF-8 \
    RABBITMQ_CONF_ENV_FILE=/dev/null RABBITMQ_LOGS=- RABBITMQ_MNESIA_BASE=/var/lib/rabbitmq/mnesia
RUN echo 'store:x:999:999::/var/lib/rabbitmq:/bin/sh' >> /etc/passwd \
    && rm -rf /var/lib/rabbitmq && mkdir -p /var/lib/rabbitmq && chown 999:999 /var/lib/rabbitmq
USER 999:999
VOLUME ["/var/lib/rabbitmq"]
ENTRYPOINT ["rabbitmq-server"]
