"""One way to open connections: transports, certificates, addresses, errors in words."""
