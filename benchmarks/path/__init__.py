"""What a request costs inside the process: operations, and time, without a server or a socket."""
