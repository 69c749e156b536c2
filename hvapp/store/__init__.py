"""Rows and the queries on them, one file per aggregate."""
