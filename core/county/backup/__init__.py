"""The county's backups: made every day, encrypted to the operator, restored every week to see that they can be.

    python -m core.county.backup make | test | list | restore DIR --identity FILE

A backup is a directory named after its mark (core.county.ingest.backups), complete once backup.json is in it:

    database.dump.age   pg_dump's custom format, encrypted while it is written: no clear copy touches the disk
    files.tar.age       keys/, marks/, syncthing/'s identity, secret.key: without them every node is enrolled anew
    backup.json         the mark, begin and end, SHA-256 of both

Scans never change and bear their SHA-256 as name: each is encrypted once into ../scans/. No Django here; the two
commands that need it are run as commands. Everything comes from the environment, see core_backup's unit.
"""
