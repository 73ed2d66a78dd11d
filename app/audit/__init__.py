"""The audit log: append-only, in the same transaction as the act it records, chained by hash."""

from app.audit.finding import Finding
from app.audit.log import SYSTEM, Actor, AuditRecord, Break, chain_hash, record, verify

__all__ = ["SYSTEM", "Actor", "AuditRecord", "Break", "Finding", "chain_hash", "record", "verify"]
