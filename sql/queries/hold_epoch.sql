-- The row stays locked until we commit: a later epoch begins before or after our transaction, never within.
select epoch from espalier.coordinator for share
