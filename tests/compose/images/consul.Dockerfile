# As the official image: on a base with busybox (Alpine there), the program in /bin, /consul/data of user 100.
FROM clew-test-base
COPY consul /bin/consul
COPY --chown=100:1000 empty /consul/data
VOLUME ["/consul/data"]
EXPOSE 8500
ENTRYPOINT ["consul"]
CMD ["agent", "-dev", "-client", "0.0.0.0"]
