# Where the shop's services are, for those that ask Consul (`PAYMENTS_URL=consul://payments`). Each is healthy while its
# port takes connections.
services {
  name    = "users"
  address = "users"
  port    = 8001
  checks  = [{ tcp = "users:8001", interval = "5s", timeout = "2s" }]
}

services {
  name    = "catalog"
  address = "catalog"
  port    = 8002
  checks  = [{ tcp = "catalog:8002", interval = "5s", timeout = "2s" }]
}

services {
  name    = "orders"
  address = "orders"
  port    = 8003
  checks  = [{ tcp = "orders:8003", interval = "5s", timeout = "2s" }]
}

services {
  name    = "payments"
  address = "payments"
  port    = 8004
  checks  = [{ tcp = "payments:8004", interval = "5s", timeout = "2s" }]
}

services {
  name    = "inventory"
  address = "inventory"
  port    = 8005
  checks  = [{ tcp = "inventory:8005", interval = "5s", timeout = "2s" }]
}
