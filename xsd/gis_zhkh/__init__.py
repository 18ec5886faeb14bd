"""ГИС ЖКХ: one folder for each album number with message tables (JSON) and the schemas and WSDLs generated from them.

``derive_tables`` takes facts from an official album (developer's tool), ``generate`` writes the schema folder; both results are committed.
"""
