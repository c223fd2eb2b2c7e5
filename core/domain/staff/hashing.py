"""How passwords are hashed: Argon2id, with the memory a village's machine can spare."""

from __future__ import annotations

from django.contrib.auth.hashers import Argon2PasswordHasher


class ModestArgon2Hasher(Argon2PasswordHasher):
    """Argon2id with 19 MiB, two passes, one lane.

    Django's own choice takes 100 MiB a login: more than a node's web process and agent together may use (180 MB).
    Source: OWASP Password Storage Cheat Sheet, Argon2id, minimum configuration.
    """

    memory_cost = 19 * 1024  #: KiB
    time_cost = 2
    parallelism = 1
