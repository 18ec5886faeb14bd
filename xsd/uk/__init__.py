"""Schema and WSDL of the service for management companies, by version; written by ``python -m adapters.uk.soap.schema``."""
