"""What is served over HTTP. Pages and services are thin: everything they do is a function that a command has too."""
