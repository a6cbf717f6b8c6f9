drop schema if exists v1 cascade
