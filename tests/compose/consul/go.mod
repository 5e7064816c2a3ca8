module clew/tests/compose/consul

go 1.26.0

tool github.com/hashicorp/consul

require github.com/hashicorp/consul v1.14.11
