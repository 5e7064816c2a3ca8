# As the official image: user 1000, all of it in /opt/kafka. Kafka's own wrapper, which the official image starts first,
# makes the configuration of KAFKA_* and formats the storage.
FROM clew-test-base
ADD java.tar /
COPY jars /opt/kafka/libs
COPY log4j2.yaml /etc/kafka/docker/log4j2.yaml
ENV CLUSTER_ID=5L6g3nShT-eMCtK--X86sw \
    KAFKA_LOG4J_OPTS=-Dlog4j2.configurationFile=/etc/kafka/docker/log4j2.yaml
RUN ln -s /usr/lib/jvm/java-21-openjdk-*/bin/java /usr/local/bin/java \
    && cd /etc/kafka/docker && cp log4j2.yaml tools-log4j2.yaml && touch server.properties \
    && mkdir -p /opt/kafka/bin /opt/kafka/config /opt/kafka/logs /mnt/shared/config /var/lib/kafka/data \
    && printf '%s\n' '#!/bin/sh' "exec java \$KAFKA_HEAP_OPTS -cp '/opt/kafka/libs/*' \
org.apache.kafka.tools.BrokerApiVersionsCommand \"\$@\"" > /opt/kafka/bin/kafka-broker-api-versions.sh \
    && chmod +x /opt/kafka/bin/kafka-broker-api-versions.sh \
    && chown -R 1000:1000 /opt/kafka/config /opt/kafka/logs /mnt/shared/config /var/lib/kafka/data
USER 1000:1000
EXPOSE 9092
VOLUME ["/var/lib/kafka/data", "/mnt/shared/config"]
CMD ["sh", "-ec", "\
said=$(java -cp '/opt/kafka/libs/*' kafka.docker.KafkaDockerWrapper setup --default-configs-dir /etc/kafka/docker \
  --mounted-configs-dir /mnt/shared/config --final-configs-dir /opt/kafka/config 2>&1) \
  || echo \"$said\" | grep 'already formatted' || { echo \"$said\"; exit 1; }; \
exec java $KAFKA_HEAP_OPTS $KAFKA_LOG4J_OPTS -cp '/opt/kafka/libs/*' kafka.Kafka /opt/kafka/config/server.properties"]
