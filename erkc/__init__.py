"""Everything that assembles: command line, worker, stands, rendering; it knows the settings, the adapters and the core."""
