"""The steps of the schema: a file each, applied in the order of their names.

Times are integer milliseconds since 1970 (``_ms``). Statements keep to the part
that SQLite and PostgreSQL share, but for four words that an engine translates: INTEGER
(of 64 bits), INTEGER PRIMARY KEY (numbers itself), BLOB and STRICT. A file that a
release had is never changed again: what it says has happened to somebody's database.
Where members of the version before cannot go on beside a step, its name ends in ``_alone``:
it is then not applied while any of them runs.
"""
