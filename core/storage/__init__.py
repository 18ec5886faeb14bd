"""The database: engines and roles, the embedded server, named SQL, bulk loading, migrations. Owns no table of the domain."""
