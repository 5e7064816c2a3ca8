# As the official image: on a base with busybox, /alertmanager a volume of nobody's.
FROM clew-test-base
COPY alertmanager /bin/alertmanager
COPY --chown=65534:65534 empty /alertmanager
WORKDIR /alertmanager
USER 65534
EXPOSE 9093
VOLUME ["/alertmanager"]
ENTRYPOINT ["/bin/alertmanager"]
CMD ["--config.file=/etc/alertmanager/alertmanager.yml", "--storage.path=/alertmanager"]
