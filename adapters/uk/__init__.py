"""Management companies, settlement centres and suppliers: their archives (`archives`), and the region that registers them (`region`)."""
