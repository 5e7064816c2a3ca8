# As the official image: the program alone, no shell, user 10001.
FROM scratch
COPY otelcol /otelcol-contrib
USER 10001:10001
ENTRYPOINT ["/otelcol-contrib"]
CMD ["--config", "/etc/otelcol-contrib/config.yaml"]
