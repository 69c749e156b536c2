"""Rules of the work in pure Python: no database, no network, no clock of their own."""
