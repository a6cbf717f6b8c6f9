create schema if not exists espalier
