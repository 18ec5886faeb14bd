"""Tables of a management company that has no archive to send: spreadsheets, CSV and DBF, by a mapping that a person has seen."""
