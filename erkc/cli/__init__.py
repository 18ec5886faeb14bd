"""The command line: thin commands over the services, one file for each room; people read Russian, machines read ``--json``."""
