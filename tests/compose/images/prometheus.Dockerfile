# As the official image: on a base with busybox, /prometheus a volume of nobody's.
FROM clew-test-base
COPY prometheus /bin/prometheus
COPY --chown=65534:65534 empty /prometheus
WORKDIR /prometheus
USER 65534
EXPOSE 9090
VOLUME ["/prometheus"]
ENTRYPOINT ["/bin/prometheus"]
CMD ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"]
