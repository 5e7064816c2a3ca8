# As the official image: listens everywhere without a configuration file, /data a volume.
FROM clew-test-stores
RUN mkdir -p /data && chown 999:999 /data
WORKDIR /data
VOLUME ["/data"]
ENTRYPOINT ["sh", "-c", "exec \"$@\" --protected-mode no", "--"]
CMD ["redis-server"]
