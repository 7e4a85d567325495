"""The seals of the access log: one row for each batch (docs/decisions/0006-sealed-log.md)."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models


class LogSeal(models.Model):
    """A batch of the access log, its Merkle root and the chained, signed head.

    Written by `kasane.seal_log` alone; the application's login has no right on the table.
    """

    number = models.BigIntegerField(primary_key=True)
    # A log restored into another server goes on in a new era: transaction numbers start anew there.
    era = models.IntegerField()
    cluster = models.BigIntegerField()
    top_id = models.BigIntegerField()  # everything up to it was sealed when the era began
    from_transaction = models.BigIntegerField()
    until_transaction = models.BigIntegerField()  # not included
    first_id = models.BigIntegerField()
    last_id = models.BigIntegerField()
    count = models.BigIntegerField()
    sealed_at = models.DateTimeField()
    root = models.BinaryField()
    previous = models.BinaryField(unique=True)  # the head before: no head has two successors
    head = models.BinaryField(unique=True)
    ids = ArrayField(models.BigIntegerField())  # to name the row that was touched
    leaves = models.BinaryField()
    signature = models.BinaryField(null=True)
    public_key = models.BinaryField(null=True)
