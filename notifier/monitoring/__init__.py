"""How others see that it works: probes, metrics, a heartbeat, and systemd."""
