# As the official image: without a shell (distroless there), /loki writable, user 10001.
FROM scratch
COPY loki /usr/bin/loki
COPY --chown=10001:10001 empty /loki
USER 10001
EXPOSE 3100
ENTRYPOINT ["/usr/bin/loki"]
CMD ["-config.file=/etc/loki/local-config.yaml"]
