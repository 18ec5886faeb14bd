"""A town that only pays: accounts with debts, and registries of any length for them; for durability, properties and benchmarks."""
