"""The regional system (РГИС): unloads of the hub's own data, and the exchange that carries them."""
