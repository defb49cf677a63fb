"""The records: small operational rows that several processes write at once, in SQLite or Postgres.

``tables`` declares them, ``engine`` opens the database and hands out transactions, ``migration`` brings it to this
version's schema.
"""
