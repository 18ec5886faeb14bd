"""Our own SOAP service for billing systems of management companies and suppliers: what they push, what they pull, its schema."""
