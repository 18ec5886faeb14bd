"""The canonical ledger of a settlement centre: kernel, pure rooms, stores and services (see docs/architecture.md).

Layers, each importing only those before it: kernel (money, exact, period, ids, errors, clock, model) → pure (charges, payments,
documents, validate) and stores (archive, records, ledger, issued, outbox, jobs, events, storage) → services.
"""
