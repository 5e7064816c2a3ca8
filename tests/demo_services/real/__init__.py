"""The shop as processes, on real RabbitMQ, PostgreSQL and Redis, watched by the real backends."""
